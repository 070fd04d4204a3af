const plural = new Intl.PluralRules("ru")
const whole = new Intl.NumberFormat("ru")

// A gap never rounds to 100 and an entry never rounds to 0.
const shown = (share) => (share >= 1 ? 100 : share <= 0 ? 0 : Math.min(99, Math.max(1, Math.round(share * 100))))

const stepOf = (share, steps) => steps.findIndex((least) => share >= least)

const headButton = (axis, at) =>
  make("button", { type: "button", "data-at": at, title: axis[1] || axis[0] }, axis[0])

const cellNode = (data, row, column) => {
  const cell = data.cells[row][column]
  const where = `${data.rows[row][0]}, ${data.columns[column][0]}`
  if (!cell) return make("td", {}, make("span", { class: "none", title: `${where}: ${data.text.none}` }, "–"))
  const [share, n] = cell
  const amount = `${whole.format(n)} ${data.noun[plural.select(n)]}`
  const few = n < data.few
  const value = share === null ? data.text.unknown : `${shown(share)} %`
  const label = `${where}: ${value}, ${amount}${few ? `, ${data.text.few}` : ""}`
  const kind = share === null ? "unknown" : `a${stepOf(share, data.steps)}${few ? " few" : ""}`
  return make(
    "td",
    {},
    make(
      "button",
      { type: "button", class: kind, "data-at": `${row}:${column}`, "aria-label": label, title: label },
      share === null ? "?" : String(shown(share)),
    ),
  )
}

const heatLegend = (data) =>
  make(
    "ul",
    { class: "legend", "aria-hidden": "true" },
    make(
      "li",
      {},
      make("span", { class: "ramp" }, ...[0, 2, 4, 6, 8].map((step) => make("i", { class: `a${step}` }))),
      data.text.ramp,
    ),
    make("li", {}, make("i", { class: "a3 few" }), data.text.legendFew),
    data.unknown ? make("li", {}, make("i", { class: "unknown" }, "?"), data.text.unknown) : null,
    make("li", {}, make("i", {}, "–"), data.text.none),
  )

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const head = make(
      "tr",
      {},
      make("th", { scope: "col" }, data.corner || make("span", { class: "hidden" }, data.caption)),
      ...data.columns.map((axis, column) => make("th", { scope: "col" }, headButton(axis, `-1:${column}`))),
    )
    const body = data.rows.map((axis, row) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, headButton(axis, `${row}:-1`)),
        ...data.columns.map((_, column) => cellNode(data, row, column)),
      ),
    )
    const table = make("table", { role: "grid", "aria-label": data.caption }, make("thead", {}, head), make("tbody", {}, ...body))
    table.style.setProperty("--columns", data.columns.length)
    return [make("div", { class: "scroll" }, table), heatLegend(data)]
  })
  liveGrid(root.querySelector("table"), (row, column) => setTriggerValue("cell", [row, column]))
}
