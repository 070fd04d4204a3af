// What Streamlit cannot do itself: its own words in Russian, one history entry per step, leaving when the session ends.

const translate = (state, text) => {
  const clean = text.trim()
  if (!/[A-Za-z]/.test(clean)) return null
  const exact = state.words[clean]
  if (exact !== undefined) return text.replace(clean, exact)
  for (const [pattern, words] of state.patterns) {
    const match = pattern.exec(clean)
    if (match) return text.replace(clean, words.replace(/\{(\d)\}/g, (_, n) => match[Number(n)]))
  }
  return null
}

const ATTRIBUTES = ["aria-label", "aria-valuetext", "title", "placeholder", "alt"]
// people's own words are not interface; the empty parts of a day field are
const SKIP = "code, pre, textarea, [contenteditable=true]:not([data-placeholder=true]), script, style"

const translateNode = (state, node) => {
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.parentElement?.closest(SKIP)) return
    const words = translate(state, node.data)
    if (words !== null && words !== node.data) node.data = words
    return
  }
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches("script, style")) return
  for (const name of ATTRIBUTES) {
    const value = node.getAttribute(name)
    const words = value ? translate(state, value) : null
    if (words !== null && words !== value) node.setAttribute(name, words)
  }
  node.childNodes.forEach((child) => translateNode(state, child))
}

const watchWords = (state) => {
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach((node) => translateNode(state, node))
      else translateNode(state, change.target)
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES })
}

// Streamlit writes a page change as two entries (parameters, then path); a reader presses Back once.
const oneEntryPerStep = () => {
  const push = history.pushState.bind(history)
  const swap = history.replaceState.bind(history)
  let last = { kind: "", at: 0 }
  history.pushState = (entry, title, url) => {
    const to = new URL(url ?? location.href, location.href)
    const kind = to.pathname === location.pathname ? "search" : "path"
    const sameSearch = to.search === location.search
    const follows = performance.now() - last.at < 4000
    const secondHalf = kind === "path" && sameSearch && last.kind === "search" && follows
    const carriedPosition = kind === "search" && !location.search && last.kind === "path" && follows
    const nothingNew = kind === "search" && sameSearch
    last = { kind, at: performance.now() }
    return (secondHalf || carriedPosition || nothingNew ? swap : push)(entry, title, url)
  }
  addEventListener("popstate", () => (last = { kind: "", at: 0 }))
}

// A session that ended closes the connection; Streamlit would try to reconnect for ever.
const leaveWhenEnded = () => {
  setInterval(async () => {
    const app = document.querySelector("[data-testid=stApp]")
    if (!app || app.dataset.testConnectionState === "CONNECTED") return
    const answer = await fetch("/api/session", { cache: "no-store" }).catch(() => null)
    if (answer?.status === 401) location.reload()
  }, 4000)
}

// Charts are drawn by the server in the colours of one theme: when the reader's changes, ask for the page again.
const redrawOnTheme = (state) => {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    setTimeout(() => state.redraw?.(), 400) // Streamlit tells the server its new theme first
  })
}

export default function ({ data: bytes, setTriggerValue }) {
  const data = unpacked(bytes)
  if (data.leave) {
    location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
    return
  }
  const state = (window.zavuchShell ??= { installed: false })
  state.words = data.words
  state.patterns = data.patterns.map(([pattern, words]) => [new RegExp(`^${pattern}$`), words])
  state.redraw = () => setTriggerValue("theme", Date.now())
  document.documentElement.lang = "ru"
  if (!state.installed) {
    state.installed = true
    watchWords(state)
    oneEntryPerStep()
    leaveWhenEnded()
    redrawOnTheme(state)
  }
  translateNode(state, document.body)
}
