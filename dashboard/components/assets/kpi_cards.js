const card = (item, index, text) => {
  const value = item.opens
    ? make("button", { type: "button", "data-card": index, title: text.rows, "aria-label": `${item.label}: ${item.value}. ${text.rows}` }, item.value)
    : make("span", {}, item.value)
  const foot = make("div", { class: "foot" })
  if (item.excluded.length) {
    const lines = item.excluded.map(([words, n]) => make("li", {}, `${words} — ${n}`))
    foot.append(make("details", {}, make("summary", {}, item.excludedTotal), make("ul", {}, ...lines)))
  }
  if (item.passport.length) {
    const lines = item.passport.map((line) => make("p", {}, line))
    foot.append(make("details", {}, make("summary", {}, text.passport), ...lines))
  }
  return make(
    "section",
    { class: `card ${item.kind}` },
    make("h2", {}, item.label),
    make("div", { class: "value" }, value),
    item.detail ? make("div", { class: "quiet" }, item.detail) : null,
    item.delta
      ? make("div", { class: `delta ${item.deltaKind}` }, make("b", {}, item.arrow ? `${item.arrow} ${item.delta}` : item.delta), " ", item.note)
      : item.note ? make("div", { class: "delta" }, item.note) : null,
    text.stamp ? make("div", { class: "stamp" }, text.stamp) : null,
    foot.childElementCount ? foot : null,
  )
}

export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const cards = make("div", { class: `cards${data.cards.length === 4 ? " four" : ""}` }, ...data.cards.map((item, i) => card(item, i, data.text)))
    cards.style.setProperty("--n", data.cards.length)
    return [cards]
  })
  root.onclick = (event) => {
    const button = event.target.closest("[data-card]")
    if (button) setTriggerValue("card", Number(button.dataset.card))
  }
}
