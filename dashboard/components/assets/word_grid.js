const wordCell = (data, row, column, place) => {
  const cell = data.cells[row][column]
  if (!cell) return make("td", {}, make("span", { class: "none", "aria-label": data.text.none }, "—"))
  const [text, tone, opens] = cell
  const label = `${data.rows[row][0]}, ${data.columns[column]}: ${text || data.text.none}`
  const kind = tone || (text ? "" : "none")
  const isEmpty = tone === "empty" // drawn by the style, so that the dash is not read twice
  const shown = isEmpty ? "" : text || "—"
  const sign = isEmpty ? "—" : ""
  if (!opens) return make("td", {}, make("span", { class: kind, "data-sign": sign }, shown))
  return make("td", {}, make("button", { type: "button", class: kind, "data-sign": sign, "data-at": `${place}:${column}`, "aria-label": label }, shown))
}

// rows in the order the reader chose; `data-at` counts places on the screen, `order` leads back to the rows of the data
const wordTable = (data, order, sorted) => {
  const head = (label, column) =>
    make("th", { scope: "col" }, data.sorts
      ? make("button", { type: "button", class: "sorts", title: data.text.hint, "data-at": `-1:${column}` }, label)
      : label)
  const body = order.map((row, place) => {
    const [label, hint] = data.rows[row]
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("button", { type: "button", "data-at": `${place}:-1`, title: hint, "aria-label": hint }, label)),
      ...data.columns.map((_, column) => wordCell(data, row, column, place)),
    )
  })
  const heads = [head(data.corner, -1), ...data.columns.map(head)]
  markSorted(heads, sorted ? { column: sorted.column + 1, way: sorted.way } : null)
  return make(
    "table",
    {},
    make("caption", { class: "hidden" }, data.caption),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...body),
  )
}

const wordOrder = (data, sorted) => {
  const column = sorted ? sorted.column : -1
  const texts = data.rows.map(([label], row) => (column < 0 ? label : data.cells[row][column]?.[0] ?? "").trim())
  return sortedPlaces(texts, false, sorted ? sorted.way : 0)
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const holder = parentElement.querySelector(".root")
  const root = mount(parentElement, data, () => {
    holder.sorted = null // other marks: the order of the page
    holder.order = wordOrder(data, null)
    const box = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": data.caption }, wordTable(data, holder.order, null))
    return [box, make("p", { class: "sideways" }, data.text.sideways)]
  })
  const box = root.querySelector(".scroll")
  const hint = root.querySelector(".sideways")
  const look = () => { hint.hidden = box.scrollWidth <= box.clientWidth + 1 }
  look()
  root.watch?.disconnect()
  root.watch = new ResizeObserver(look)
  root.watch.observe(box)
  const open = (place, column) => {
    if (place >= 0) {
      setTriggerValue("cell", [root.order[place], column])
      return
    }
    const way = nextWay(root.sorted, column)
    root.sorted = way ? { column, way } : null
    root.order = wordOrder(data, root.sorted)
    box.replaceChildren(wordTable(data, root.order, root.sorted))
    liveGrid(box.querySelector("table"), open)
    box.querySelector(`[data-at="-1:${column}"]`).focus()
  }
  liveGrid(root.querySelector("table"), open)
}
