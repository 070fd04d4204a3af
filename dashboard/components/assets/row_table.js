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

// rows keep their numbers whatever their order: a click means the row that was drawn with it
const sortRows = (root, data, sorted) => {
  const body = root.querySelector("tbody")
  const rows = data.rows.map((_, place) => body.querySelector(`[data-row="${place}"]`))
  const column = sorted ? sorted.column : 0
  const places = data.rows.map((_, place) => place).filter((place) => !data.rows[place].is_sum)
  const texts = places.map((place) => data.rows[place].cells[column][0].trim())
  const order = sortedPlaces(texts, data.columns[column][1], sorted ? sorted.way : 0).map((place) => places[place])
  // a sum stays where it is
  body.append(...data.rows.map((row, place) => rows[row.is_sum ? place : order.shift()]))
  markSorted([...root.querySelectorAll("thead th")], sorted)
  const select = root.querySelector(".sortby select")
  if (select) select.value = sorted && sorted.way ? `${sorted.column}:${sorted.way}` : ""
  root.sorted = sorted && sorted.way ? { ...sorted, label: data.columns[column][0] } : null
}

const sortSelect = (root, data) => {
  const select = make("select", {}, make("option", { value: "" }, data.text.as_is))
  data.columns.forEach(([label], column) => {
    if (!label) return
    select.append(make("option", { value: `${column}:1` }, `${label}: ${data.text.up}`))
    select.append(make("option", { value: `${column}:-1` }, `${label}: ${data.text.down}`))
  })
  select.onchange = () => {
    const [column, way] = select.value.split(":").map(Number)
    sortRows(root, data, select.value ? { column, way } : null)
  }
  return make("label", { class: "sortby" }, data.text.by, select)
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const sorts = data.sorts === "all"
  const before = parentElement.querySelector(".root").drawn
  const root = mount(parentElement, data, () => {
    const holder = parentElement.querySelector(".root")
    const press = (column) => () => sortRows(holder, data, { column, way: nextWay(holder.sorted, column) })
    const heads = data.columns.map(([label, isNumber, wide], column) =>
      make("th", { scope: "col", class: [isNumber ? "number" : "", wide ? "wide" : ""].join(" ").trim() },
        sorts && label ? sortHead(label, data.text, press(column)) : label),
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
    return [
      sorts && data.columns.length > 3 ? sortSelect(holder, data) : null,
      box,
      data.sorts === "some" ? make("p", { class: "unsorted" }, data.text.some) : null,
    ].filter((part) => part !== null)
  })
  // new rows under the same headings: the order the reader chose stays
  if (root.drawn !== before && root.sorted) {
    const column = data.columns.findIndex(([label]) => label === root.sorted.label)
    if (sorts && column >= 0) sortRows(root, data, { column, way: root.sorted.way })
    else root.sorted = null
  }
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
