import { placeOf } from '@millrace/replay'
import type {
  Activation,
  ActivationResult,
  HistoryEntry,
  InspectAt,
  Json,
  Place,
  Stop,
} from '@millrace/replay'
import type { Lost } from '../check-result.ts'
import type { Sandbox } from '../create-sandbox.ts'
import type { Script } from '../sandbox-options.ts'
import { debugScript } from './debug-script.ts'

/** What to look at: an execution's past and a number in it. */
export interface Inspection extends Pick<
  Extract<Activation, { kind: 'start' }>,
  'self' | 'input' | 'history' | 'answers'
> {
  readonly workspaceId: string
  readonly script: Script
  /** A call or a stop of the history. */
  readonly seq: number
  /** JavaScript expressions to evaluate there; what they change is thrown away with everything else. */
  readonly expressions?: readonly string[]
}

const EXPRESSIONS_MAX = 50
const EXPRESSION_MAX_CHARS = 4_096

export type Inspected = { readonly stop: Stop } | { readonly failed: string }

/**
 * The variables and the call stack of an execution as they were when it made a call, before the line
 * that made it, or at one of its stops. Works for executions that were never debugged and for ended
 * ones: their replay is the same with checks at every line. Nothing is recorded, nothing leaves. It
 * runs the author's code, so give it a sandbox that no execution depends on.
 */
export async function inspect(sandbox: Sandbox, inspection: Inspection): Promise<Inspected> {
  const entry = inspection.history[inspection.seq - 1]
  if (entry === undefined)
    return {
      failed: `seq must be a call of the history, 1 to ${inspection.history.length}, not ${inspection.seq}`,
    }
  const { expressions = [] } = inspection
  if (
    expressions.length > EXPRESSIONS_MAX ||
    expressions.some(({ length }) => length > EXPRESSION_MAX_CHARS)
  )
    return {
      failed: `expressions may be at most ${EXPRESSIONS_MAX}, each of at most ${EXPRESSION_MAX_CHARS} characters`,
    }
  const place = placeOf(entry)
  if (place !== null) return lookAt(sandbox, inspection, place)
  const found = await replayTo(sandbox, inspection, { seq: callOf(entry) })
  if ('failed' in found) return found
  // Calls beside a running asynchronous step have lines that no replay can count.
  return found.stop.hit === 0 ? found : lookAt(sandbox, inspection, found.stop)
}

const callOf = ({ seq, of }: HistoryEntry): number => of ?? seq

async function lookAt(
  sandbox: Sandbox,
  inspection: Inspection,
  { line, hit, inside }: Place,
): Promise<Inspected> {
  const expressions = inspection.expressions ?? []
  const seen = await replayTo(sandbox, inspection, { line, hit, inside }, { line, expressions })
  if ('failed' in seen) return seen
  const { values = [], ...stop } = seen.stop
  const named = values.map((value, at) => ({ ...value, expression: expressions[at] ?? '' }))
  const { seq } = inspection
  return { stop: named.length === 0 ? { ...stop, seq } : { ...stop, seq, values: named } }
}

let lookups = 0

async function replayTo(
  sandbox: Sandbox,
  { workspaceId, script, self, input, history, answers }: Inspection,
  at: InspectAt,
  probe?: { readonly line: number; readonly expressions: readonly string[] },
): Promise<Inspected> {
  const plain = debugScript(script)
  const probed = probe === undefined || probe.expressions.length === 0 ? null : probe
  const realm =
    probed === null
      ? plain
      : {
          ...plain,
          hash: `${plain.hash}/${JSON.stringify(probed)}`,
          debug: { lines: null, probe: probed },
        }
  const key = `${self.id}/inspect/${++lookups}`
  const start: Activation = {
    kind: 'start',
    key,
    self,
    input: input satisfies Json,
    history,
    answers,
    inspect: at,
  }
  const [result] = await sandbox.activate({ workspaceId, script: realm }, [start])
  sandbox.forget(workspaceId, key)
  return result === undefined ? { failed: 'the sandbox gave no result' } : inspectedOf(result)
}

function inspectedOf(result: ActivationResult | Lost): Inspected {
  if ('lost' in result) return { failed: 'the sandbox process died; ask again' }
  if (result.stop !== undefined) return { stop: result.stop }
  return {
    failed: result.end?.message ?? 'the replay did not come to this call; its history is not whole',
  }
}
