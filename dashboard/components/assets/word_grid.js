const wordCell = (data, row, column) => {
  const cell = data.cells[row][column]
  if (!cell) return make("td", {}, make("span", { class: "none", "aria-label": data.text.none }, "—"))
  const [text, tone, opens] = cell
  const label = `${data.rows[row][0]}, ${data.columns[column]}: ${text || data.text.none}`
  const kind = tone || (text ? "" : "none")
  const isEmpty = tone === "empty" // drawn by the style, so that the dash is not read twice
  const shown = isEmpty ? "" : text || "—"
  const sign = isEmpty ? "—" : ""
  if (!opens) return make("td", {}, make("span", { class: kind, "data-sign": sign }, shown))
  return make("td", {}, make("button", { type: "button", class: kind, "data-sign": sign, "data-at": `${row}:${column}`, "aria-label": label }, shown))
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const heads = data.columns.map((label) => make("th", { scope: "col" }, label))
    const body = data.rows.map(([label, hint], row) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, make("button", { type: "button", "data-at": `${row}:-1`, title: hint, "aria-label": hint }, label)),
        ...data.columns.map((_, column) => wordCell(data, row, column)),
      ),
    )
    const table = make(
      "table",
      {},
      make("caption", { class: "hidden" }, data.caption),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, data.corner), ...heads)),
      make("tbody", {}, ...body),
    )
    const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption }, table)
    return [box, make("p", { class: "sideways" }, data.text.sideways)]
  })
  const box = root.querySelector(".scroll")
  const hint = root.querySelector(".sideways")
  const look = () => { hint.hidden = box.scrollWidth <= box.clientWidth + 1 }
  look()
  root.watch?.disconnect()
  root.watch = new ResizeObserver(look)
  root.watch.observe(box)
  liveGrid(root.querySelector("table"), (row, column) => setTriggerValue("cell", [row, column]))
}
