export default function ({ data: bytes, parentElement, setTriggerValue }) {
  const data = unpacked(bytes)
  const root = mount(parentElement, data, () => {
    const steps = data.crumbs.map(([label, href], index) =>
      make("li", {}, href ? make("a", { href, "data-crumb": index }, label) : make("span", { "aria-current": "page" }, label)),
    )
    return [make("nav", { "aria-label": data.label }, make("ol", {}, ...steps))]
  })
  root.onclick = (event) => {
    const link = event.target.closest("[data-crumb]")
    // with a modifier the browser opens its own tab: the address is a real one
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
    event.preventDefault()
    setTriggerValue("crumb", Number(link.dataset.crumb))
  }
}
