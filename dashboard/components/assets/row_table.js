const rowCell = (data, row, cell, column) => {
  const [text, note, tone, sign, badge, action] = cell
  const [label, isNumber, wide] = data.columns[column]
  const marked = (kind, words) =>
    make("span", { class: kind }, sign ? make("span", { class: "sign", "aria-hidden": "true" }, sign) : null, sign ? " " : "", words)
  const body = badge ? marked(`badge ${tone}`, text) : document.createTextNode(text)
  const opens = column === 0 && row.opens
  const head = opens ? make("button", { type: "button", class: "text", "aria-label": row.opens }, body) : body
  const kind = [isNumber ? "number" : "", wide ? "wide" : "", text || note ? "" : "blank", !note && text.includes("\u00a0") ? "plain" : ""].join(" ").trim()
  return make(
    column === 0 ? "th" : "td",
    { class: kind, scope: column === 0 ? "row" : "", "data-label": label },
    head,
    note ? marked(`note ${tone}`, note) : null,
    action ? make("button", { type: "button", class: "action", "aria-label": `${action}: ${row.cells[0][0]}` }, action) : null,
  )
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const heads = data.columns.map(([label, isNumber, wide]) =>
      make("th", { scope: "col", class: [isNumber ? "number" : "", wide ? "wide" : ""].join(" ").trim() }, label),
    )
    const rows = data.rows.map((row, index) =>
      make(
        "tr",
        { class: row.opens ? "opens" : "", "data-row": String(index) },
        ...row.cells.map((cell, column) => rowCell(data, row, cell, column)),
      ),
    )
    const table = make(
      "table",
      {},
      make("caption", { class: "hidden" }, data.caption),
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...rows),
    )
    const box = make("div", { class: `scroll${data.height ? " inner" : ""}${data.columns.length > 3 ? " cards" : ""}${data.columns.length > 5 ? " many" : ""}` }, table)
    // a box that scrolls can be reached by the keyboard
    if (data.height) {
      box.style.setProperty("--height", `${data.height}px`)
      box.tabIndex = 0
      box.setAttribute("role", "region")
      box.setAttribute("aria-label", data.caption)
    }
    return [box]
  })
  root.querySelector("tbody").onclick = (event) => {
    const action = event.target.closest("button.action")
    if (action) {
      setTriggerValue("action", Number(action.closest("tr").dataset.row))
      return
    }
    const row = event.target.closest("tr.opens")
    if (row && !getSelection()?.toString()) setTriggerValue("row", Number(row.dataset.row))
  }
}
