/** A page that reads /api/openapi.json and shows it. Needs nothing from elsewhere. */
export const DOCS_HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace API</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1.5rem }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem }
  h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; text-transform: capitalize }
  details { border: 1px solid var(--line); border-radius: 6px; margin: .35rem 0 }
  summary { cursor: pointer; padding: .45rem .7rem; display: flex; gap: .7rem; align-items: baseline }
  summary span { margin-left: auto; opacity: .7; text-align: right }
  b { font: 600 .8rem/1 ui-monospace, monospace; width: 3.6rem }
  code, pre { font: .85rem/1.45 ui-monospace, monospace }
  pre { overflow: auto; padding: .7rem; margin: 0; border-top: 1px solid var(--line) }
  table { border-collapse: collapse; width: 100%; border-top: 1px solid var(--line) }
  td { padding: .25rem .7rem; vertical-align: top; border-bottom: 1px solid var(--line) }
  input { font: inherit; width: 100%; box-sizing: border-box; padding: .45rem .7rem; margin-top: 1rem }
</style>
<h1>Millrace API</h1>
<p id="about"></p>
<p>Machine-readable: <a href="/api/openapi.json">/api/openapi.json</a></p>
<input id="find" type="search" placeholder="Find an operation" aria-label="Find an operation">
<main id="list">Loading…</main>
<script>
const make = (tag, text, ...children) => {
  const element = document.createElement(tag)
  if (text !== null) element.textContent = text
  element.append(...children)
  return element
}
fetch('/api/openapi.json').then((response) => response.json()).then((doc) => {
  document.querySelector('#about').textContent = doc.info.description
  const list = document.querySelector('#list')
  const find = document.querySelector('#find')
  const show = () => {
    list.replaceChildren()
    const wanted = find.value.toLowerCase()
    for (const { name } of doc.tags) {
      const section = make('section', null, make('h2', name))
      for (const [path, methods] of Object.entries(doc.paths))
        for (const [method, operation] of Object.entries(methods)) {
          if (!operation.tags.includes(name)) continue
          if (!(method + path + operation.summary).toLowerCase().includes(wanted)) continue
          const parameters = make('table', null, ...operation.parameters.map((parameter) =>
            make('tr', null, make('td', null, make('code', parameter.name)), make('td', parameter.in),
              make('td', parameter.description ?? parameter.schema.type ?? ''))))
          const body = operation.requestBody?.content['application/json'].schema
          section.append(make('details', null,
            make('summary', null, make('b', method.toUpperCase()), make('code', doc.servers[0].url + path),
              make('span', operation.summary)),
            parameters, ...(body ? [make('pre', JSON.stringify(body, null, 2))] : [])))
        }
      if (section.children.length > 1) list.append(section)
    }
  }
  find.addEventListener('input', show)
  show()
})
</script>
</html>
`
