import type { Place, StopReason } from '@millrace/replay'
import { FLOW_FILE, headOf } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { isGiven, newRoom, shownText } from './shown.ts'

/** Reads one variable, or evaluates one expression. Throws where a variable is not declared yet. */
export type Reader = () => unknown
/** By name: what the line sees of its own function, of those around it, of the module. */
export type Readers = Readonly<Record<string, Reader>>

const SCOPES = ['local', 'closure', 'module'] as const
const FRAMES_MAX = 16

/** A Stop as JSON text. */
export function stopText(
  stop: Place & { readonly seq: number; readonly reason: StopReason; readonly missed?: number },
  seen: {
    readonly site: CallSite
    readonly variables: string
    readonly values: readonly string[]
  },
): string {
  const { seq, reason, line, hit, inside, missed } = stop
  const facts = JSON.stringify({ seq, reason, line, hit, inside, missed }).slice(0, -1)
  const values = seen.values.length === 0 ? '' : `,"values":[${seen.values.join(',')}]`
  return `${facts},"stack":${stackText(seen.site, line)},"variables":[${seen.variables}]${values}}`
}

/** The members of a list of variables. Those that do not exist yet are left out. */
export function variablesText(readers: readonly Readers[]): string {
  const room = newRoom()
  const texts: string[] = []
  readers.forEach((group, at) => {
    for (const [name, read] of Object.entries(group)) {
      let value: unknown
      try {
        value = read()
      } catch {
        continue
      }
      if (isGiven(value) || (name === 'this' && value === undefined)) continue
      const scope = SCOPES[at] ?? 'local'
      texts.push(`{"name":${JSON.stringify(name)},"scope":"${scope}",${shownText(value, room)}}`)
    }
  })
  return texts.join(',')
}

/** An evaluated expression without its text. */
export function evaluatedText(evaluate: Reader): string {
  try {
    return `{${shownText(evaluate(), newRoom())}}`
  } catch (error) {
    return `{"error":${JSON.stringify(headOf(error).slice(0, 1_000))}}`
  }
}

/** The author's frames. The innermost stands at the line that it is about to run. */
function stackText({ stack }: CallSite, line: number): string {
  const frames = stack.filter((frame) => frame.getFileName() === FLOW_FILE).slice(0, FRAMES_MAX)
  return JSON.stringify(
    frames.map((frame, at) => ({
      name: nameOfFrame(frame),
      line: at === 0 ? line : (frame.getLineNumber() ?? 0),
      async: frame.isAsync(),
    })),
  )
}

function nameOfFrame(frame: CallSite['stack'][number]): string {
  const name = frame.getFunctionName()?.replace('$default', 'default') ?? ''
  if (name === '') return '(anonymous)'
  return frame.isConstructor() ? `new ${name}` : name
}
