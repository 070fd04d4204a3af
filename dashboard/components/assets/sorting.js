// Sorting by a heading, in the browser: what is shown is sorted as what it means (days, numbers, words). What says
// nothing («—», «нельзя оценить» among numbers) stands last both ways; what is equal keeps the order of the page.
const SAYS_NOTHING = new Set(["", "—", "–"])
const numberOf = (text) => {
  const found = /^[<>≈≤≥+]*[\s\u00a0]*([-−]?\d[\d\s\u00a0\u202f]*(?:,\d+)?)/.exec(text)
  return found ? Number(found[1].replace(/[\s\u00a0\u202f]/g, "").replace("−", "-").replace(",", ".")) : null
}
const dayOf = (text) => {
  const found = /^(\d\d)\.(\d\d)\.(\d{4})(?:[\s\u00a0,]+(\d\d):(\d\d))?/.exec(text)
  return found ? Number(`${found[3]}${found[2]}${found[1]}${found[4] ?? "00"}${found[5] ?? "00"}`) : null
}
const isPlainNumber = (text) => /^[-−+]?\d{1,3}(?:[\s\u00a0\u202f]?\d{3})*(?:,\d+)?[\s\u00a0]?%?$/.test(text)

// one key a text, null = last
const sortKeys = (texts, isNumber) => {
  const told = texts.filter((text) => !SAYS_NOTHING.has(text))
  const days = told.filter((text) => dayOf(text) !== null)
  if (days.length && 2 * days.length >= told.length) return texts.map(dayOf)
  if (isNumber || (told.length && told.every(isPlainNumber))) return texts.map(numberOf)
  return texts.map((text) => (SAYS_NOTHING.has(text) ? null : text))
}

// places of the rows in the order asked for; `way` 1 = up, -1 = down, 0 = as on the page
const sortedPlaces = (texts, isNumber, way) => {
  const keys = sortKeys(texts, isNumber)
  const places = texts.map((_, place) => place)
  if (!way) return places
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "ru", { numeric: true }) : a - b)
  return places.sort((a, b) => {
    if (keys[a] === null || keys[b] === null) return (keys[a] === null) - (keys[b] === null) || a - b
    return way * compare(keys[a], keys[b]) || a - b
  })
}

// the next way of a heading that is pressed: up, down, as on the page
const nextWay = (sorted, column) => (sorted?.column !== column ? 1 : sorted.way === 1 ? -1 : 0)

const sortHead = (label, text, onPress) => {
  const button = make("button", { type: "button", class: "sorts", title: text.hint }, label)
  button.onclick = onPress
  return button
}

const markSorted = (heads, sorted) => {
  heads.forEach((head, column) => {
    const way = sorted && sorted.column === column ? sorted.way : 0
    if (way) head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending")
    else head.removeAttribute("aria-sort")
  })
}
