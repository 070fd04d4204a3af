// Shared by all components. Text from data only ever becomes text nodes and attributes, never markup.
const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== "") node.setAttribute(name, value)
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

// The theme follows the reader's system; components learn it from the page colour they are drawn on.
const isDark = (element) => {
  const colour = getComputedStyle(element).getPropertyValue("--st-background-color").trim()
  const hex = /^#([0-9a-f]{6})/i.exec(colour)
  if (!hex) return matchMedia("(prefers-color-scheme: dark)").matches
  const value = parseInt(hex[1], 16)
  return 0.3 * (value >> 16) + 0.59 * ((value >> 8) & 255) + 0.11 * (value & 255) < 128
}

// Streamlit calls the component again on every run: what has not changed stays, with its focus and scroll position.
const mount = (parent, data, draw) => {
  const root = parent.querySelector(".root")
  root.classList.toggle("dark", isDark(root))
  const drawn = JSON.stringify(data)
  if (root.drawn === drawn) return root
  const box = root.querySelector(".scroll")
  const place = box ? [box.scrollLeft, box.scrollTop] : [0, 0]
  const focused = root.getRootNode().activeElement?.dataset?.at
  root.replaceChildren(...draw())
  root.drawn = drawn
  const fresh = root.querySelector(".scroll")
  if (fresh) [fresh.scrollLeft, fresh.scrollTop] = place
  if (focused) root.querySelector(`[data-at="${focused}"]`)?.focus()
  return root
}
