/**
 * The page behind a link: draws the form of one message and sends what is answered. It is the same for
 * everybody; which message it is about stands behind # in the address and never leaves the browser but
 * to ask for the form. Needs nothing from elsewhere. Markdown is shown as it is written.
 */
export const ANSWER_HTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Please answer</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 25%, transparent) }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 36rem; padding: 1.5rem }
  h1 { font-size: 1.4rem; overflow-wrap: anywhere }
  pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem }
  label { display: block; margin: 1rem 0; font-weight: 600 }
  small { display: block; font-weight: 400; opacity: .75 }
  input:not([type=checkbox]), textarea, select {
    font: inherit; width: 100%; box-sizing: border-box; margin-top: .25rem; padding: .5rem .6rem;
    border: 1px solid var(--line); border-radius: 6px }
  .wrong { color: #c22; font-weight: 400 }
  button { font: inherit; padding: .6rem 1.2rem; margin: 1rem .5rem 0 0; border-radius: 6px;
    border: 1px solid var(--line); cursor: pointer }
  #said { font-weight: 600 }
</style>
<h1 id="subject">Please answer</h1>
<p id="said" role="status">Loading…</p>
<pre id="text"></pre>
<form id="form" novalidate></form>
<script>
const token = location.hash.slice(1)
const $ = (id) => document.getElementById(id)
const make = (tag, props, ...children) => {
  const element = Object.assign(document.createElement(tag), props)
  element.append(...children)
  return element
}
const say = (text) => { $('said').textContent = text }
const post = async (path, body) => {
  const response = await fetch('/api/latest/message/link/' + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { ok: response.ok, status: response.status, body: await response.json() }
}
const inputs = new Map()
const TYPES = { number: 'number', toggle: 'checkbox', time: 'time', date: 'date', password: 'password' }
function inputOf(item) {
  const given = 'default' in item ? item.default : null
  if (item.element === 'select' || item.element === 'multiselect') {
    const select = make('select', { multiple: item.element === 'multiselect' })
    if (!select.multiple) select.append(make('option', { value: '', textContent: '' }))
    for (const [at, { value, label }] of (item.options ?? []).entries()) {
      const chosen = select.multiple ? (given ?? []).includes(value) : given === value
      select.append(make('option', { value: String(at), textContent: label, selected: chosen }))
    }
    return select
  }
  if (item.element === 'text' || item.element === 'json') {
    const text = given === null ? '' : item.element === 'json' ? JSON.stringify(given) : given
    return make('textarea', { rows: 5, value: text })
  }
  const input = make('input', { type: TYPES[item.element] ?? 'text' })
  if (item.element === 'number') input.step = 'any'
  if (input.type === 'checkbox') input.checked = given === true
  else if (given !== null) input.value = given
  if (item.example !== undefined && input.type === 'text') input.placeholder = String(item.example)
  return input
}
function valueOf(item, input) {
  switch (item.element) {
    case 'toggle': return input.checked
    case 'number': return input.value === '' ? undefined : Number(input.value)
    case 'select': return input.value === '' ? undefined : item.options[Number(input.value)].value
    case 'multiselect':
      return [...input.selectedOptions].map((option) => item.options[Number(option.value)].value)
    case 'json': return input.value === '' ? undefined : JSON.parse(input.value)
    default: return input.value
  }
}
function draw({ form }) {
  const subject = form.subject ?? 'Please answer'
  document.title = subject
  $('subject').textContent = subject
  $('text').textContent = form.text ?? ''
  say('')
  for (const item of form.items) {
    if (item.element === 'markdown') $('form').append(make('pre', { textContent: item.text }))
    if (item.element === 'markdown' || item.element === 'submit') continue
    const input = inputOf(item)
    const wrong = make('small', { className: 'wrong' })
    inputs.set(item.name, { item, input, wrong })
    const label = make('label', { textContent: item.label + (item.is_required ? ' *' : '') })
    if (item.description !== null) label.append(make('small', { textContent: item.description }))
    label.append(input, wrong)
    $('form').append(label)
  }
  for (const item of form.items) {
    if (item.element !== 'submit') continue
    const button = make('button', { type: 'button', textContent: item.label })
    button.onclick = () => send(item.name)
    $('form').append(button)
  }
}
async function send(button) {
  const response = {}
  for (const [name, { item, input, wrong }] of inputs) {
    wrong.textContent = ''
    try {
      const value = valueOf(item, input)
      if (value !== undefined) response[name] = value
    } catch {
      wrong.textContent = 'is not JSON'
      return
    }
  }
  if (button !== null) response[button] = true
  const answer = await post('reply', { token, response })
  if (answer.ok) return done('Thank you. Your answer has been received.')
  if (answer.status !== 422) return done(answer.body.detail)
  for (const { pointer, message } of answer.body.errors ?? []) {
    const name = pointer.split('/')[2]?.replaceAll('~1', '/').replaceAll('~0', '~')
    const place = inputs.get(name)
    if (place === undefined) say('The answer ' + message)
    else place.wrong.textContent = message
  }
}
function done(text) {
  $('form').replaceChildren()
  $('text').textContent = ''
  say(text)
}
post('form', { token })
  .then((answer) => (answer.ok ? draw(answer.body) : done(answer.body.detail)))
  .catch(() => say('The server does not answer. Try again in a moment.'))
</script>
`
