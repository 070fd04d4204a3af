// Keyboard and clicks of a grid, the same for every grid: one stop for Tab, arrows inside, Enter or Space opens.
const liveGrid = (table, onOpen) => {
  table.onOpen = onOpen
  if (table.live) return
  table.live = true
  const at = (row, column) => table.querySelector(`[data-at="${row}:${column}"]`)
  const stops = [...table.querySelectorAll("[data-at]")]
  const enter = (node) => {
    table.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1")
    node.setAttribute("tabindex", "0")
  }
  stops.forEach((node) => node.setAttribute("tabindex", "-1"))
  if (stops.length) stops[0].setAttribute("tabindex", "0")
  const open = (node) => {
    if (node) table.onOpen(...node.dataset.at.split(":").map(Number))
  }
  table.onclick = (event) => open(event.target.closest("[data-at]"))
  table.addEventListener("focusin", (event) => {
    const node = event.target.closest("[data-at]")
    if (node) enter(node)
  })
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }
  table.onkeydown = (event) => {
    const node = event.target.closest("[data-at]")
    if (!node) return
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault()
      open(node)
      return
    }
    let [row, column] = node.dataset.at.split(":").map(Number)
    let target = null
    if (event.key === "Home" || event.key === "End") {
      const line = stops.filter((stop) => stop.dataset.at.startsWith(`${row}:`))
      target = event.key === "Home" ? line[0] : line[line.length - 1]
    } else if (steps[event.key]) {
      const [down, right] = steps[event.key]
      // cells without a stop are jumped over
      for (let i = 0; i < 400 && !target; i++) {
        row += down
        column += right
        if (row < -1 || column < -1) break
        target = at(row, column)
      }
    }
    if (target) {
      event.preventDefault()
      target.focus()
      target.scrollIntoView({ block: "nearest", inline: "nearest" })
    }
  }
}
