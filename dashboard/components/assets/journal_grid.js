const GLYPH = { missing: "!", late: "▲", unknown: "?", pending: "", cancelled: "", ok: "" }

const lessonHead = (data, lesson, column) => {
  const [day, month, state, hint, label, when] = lesson
  if (!when) {
    return make(
      "th",
      { scope: "col", class: "closing", title: hint },
      make("span", { class: `head ${state}` }, make("b", {}, day), make("small", {}, label), make("em", { "aria-hidden": "true" }, GLYPH[state])),
      make("span", { class: "hidden" }, hint),
    )
  }
  const words = `${when}: ${data.text.states[state]}${hint ? `. ${hint}` : ""}`
  return make(
    "th",
    { scope: "col", class: data.selected === column ? "picked" : "" },
    make(
      "button",
      { type: "button", class: state, "data-at": `-1:${column}`, title: words, "aria-label": data.text.open.replace("{lesson}", words) },
      make("b", {}, day),
      make("small", {}, label || month),
      make("em", { "aria-hidden": "true" }, GLYPH[state]),
    ),
  )
}

const entryCell = (data, row, column) => {
  const entry = data.entries[`${row}:${column}`]
  const hatching = data.hatches[column]
  const out = entry && entry.out
  const isLesson = data.lessons[column][5] !== ""
  const hatch = out ? "out" : hatching
  const classes = [hatch, isLesson ? "" : "closing", data.selected === column ? "picked" : ""].join(" ").trim()
  const unmarked = hatching === "untold" ? "" : data.text[hatching] || ""
  const hint = entry?.hint || (out ? data.text.out : unmarked)
  const cell = make("td", { class: classes, "data-at": isLesson ? `${row}:${column}` : "", title: hint })
  if (!entry) {
    if (unmarked) cell.append(make("span", { class: "hidden" }, unmarked))
    return cell
  }
  const parts = []
  if (entry.absence) parts.push(make("span", { class: "absent" }, entry.absence))
  for (const mark of entry.marks || []) {
    const kind = [mark === "2" || mark === "1" ? "poor" : "", entry.late ? "late" : ""].join(" ").trim()
    parts.push(make("span", { class: kind }, mark))
  }
  parts.forEach((part, i) => cell.append(...(i ? [" ", part] : [part])))
  if (hint) cell.append(make("span", { class: "hidden" }, ` ${hint}`))
  return cell
}

const journalLegend = (data) => {
  const item = (kind, sign, words) => make("li", {}, make("i", { class: kind, "aria-hidden": "true" }, sign), words)
  const states = data.lessons.map((lesson) => lesson[2])
  return make(
    "ul",
    { class: "legend" },
    states.includes("missing") ? item("bar missing", "", data.text.legend.missing) : null,
    states.includes("late") ? item("bar late", "", data.text.legend.late) : null,
    states.includes("unknown") ? item("", "?", data.text.legend.unknown) : null,
    ...["unmarked", "waiting", "untold"].map((kind) => (data.hatches.includes(kind) ? item(kind, "", data.text.legend[kind]) : null)),
    Object.values(data.entries).some((entry) => entry.absence) ? make("li", {}, data.text.legend.absent) : null,
  )
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const head = make(
      "tr",
      {},
      make("th", { scope: "col" }, data.corner),
      ...data.lessons.map((lesson, column) => lessonHead(data, lesson, column)),
    )
    const body = data.pupils.map(([name, note], row) =>
      make(
        "tr",
        {},
        make(
          "th",
          { scope: "row", title: name },
          make("span", { class: "no", "aria-hidden": "true" }, `${row + 1}.`),
          name,
          note ? make("small", {}, note) : null,
        ),
        ...data.lessons.map((_, column) => entryCell(data, row, column)),
      ),
    )
    const table = make("table", { role: "grid", "aria-label": data.caption }, make("thead", {}, head), make("tbody", {}, ...body))
    return [make("div", { class: "scroll" }, table), journalLegend(data)]
  })
  liveGrid(root.querySelector("table"), (_, column) => setTriggerValue("lesson", column))
}
