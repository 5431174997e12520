import type {
  Activation,
  ActivationResult,
  Answer,
  Command,
  HistoryEntry,
  Json,
  LocalAnswer,
  Outcome,
  RecordRequest,
} from '@millrace/replay'
import { createLogger } from '@millrace/runtime'
import { createSandbox } from './create-sandbox.ts'
import type { Sandbox } from './create-sandbox.ts'
import type { SandboxLimits, Script } from './sandbox-options.ts'

/** For tests: a sandbox, and an engine of a few lines that keeps histories in memory. */
export function testSandbox(
  limits: Partial<SandboxLimits> = {},
  isolation: 'auto' | 'permissions' = 'auto',
): Sandbox {
  return createSandbox({ log: createLogger('test', { level: 'fatal' }), limits, isolation })
}

/** What the engine answers by itself, at once; null: the answer comes later, with a position. */
export type AnswersItself = (command: Command) => Outcome | null

export const value = (v: Json): Outcome => ({ kind: 'value', value: { v } })
export const refused = (name: string, message: string, details?: Json): Outcome => ({
  kind: 'error',
  error: details === undefined ? { name, message } : { name, message, details },
})

const usual: AnswersItself = (command) => {
  switch (command.kind) {
    case 'start':
    case 'unlock':
    case 'setting_set':
    case 'file_set':
      return value(null)
    case 'file_delete':
      return value(true)
    case 'file_get':
      return value(
        command.as === 'facts'
          ? { size: 5, hash: 'h', content_type: null }
          : command.as === 'text'
            ? `text of ${command.name}`
            : 'AAEC/w==',
      )
    case 'setting_get':
      return value(`value of ${command.name}`)
    case 'read':
      return value(
        Object.fromEntries(command.fields.map((field) => [field, `${field} of ${command.id}`])),
      )
    case 'message':
      return command.wait ? null : value({ id: command.message.id })
    case 'message_read':
      return value({ id: command.id, status: 'OPEN', assignees: ['anna'] })
    case 'message_link':
      return value({ url: `http://x/answer/${command.recipient}` })
    default:
      return null
  }
}

function goodRecord(request: RecordRequest): Outcome {
  if (request.action === 'list') return value(['id-1', 'id-2'])
  const { key } = request
  if (request.action === 'exists' || request.action === 'delete') return value(true)
  if (request.action !== 'read')
    return value({ id: `id of ${key}`, name: request.values['name'] ?? key })
  const fields = request.fields ?? ['id', 'name', 'description']
  return value(Object.fromEntries(fields.map((field) => [field, `${field} of ${key}`])))
}

export interface TestRunOptions {
  readonly input?: Json
  readonly itself?: AnswersItself
  readonly language?: string
  readonly workspaceId?: string
  readonly key?: string
  /** Default 1. */
  readonly generation?: number
}

let nextExecution = 1

/** One execution of a flow. */
export class TestRun {
  readonly key: string
  readonly history: HistoryEntry[] = []
  readonly answers: Answer[] = []
  readonly commands: Command[] = []
  readonly logs: Json[] = []
  readonly results: ActivationResult[] = []
  protected readonly sandbox: Sandbox
  protected readonly workspaceId: string
  protected script: Script
  readonly #itself: AnswersItself
  readonly #input: Json
  readonly #generation: number

  constructor(sandbox: Sandbox, source: string, options: TestRunOptions = {}) {
    this.sandbox = sandbox
    const language = options.language ?? 'javascript'
    this.workspaceId = options.workspaceId ?? 'w'
    this.script = { hash: `${language}/${source}`, language, source }
    this.#itself = (command) => options.itself?.(command) ?? usual(command)
    this.#input = options.input ?? {}
    this.#generation = options.generation ?? 1
    this.key =
      options.key ?? `019aa000-0000-7000-8000-${String(nextExecution++).padStart(12, '0')}:1`
  }

  get last(): ActivationResult {
    const last = this.results.at(-1)
    if (last === undefined) throw new Error('nothing was run')
    return last
  }

  get end(): ActivationResult['end'] {
    return this.last.end
  }

  /** The command of that kind that came last. */
  command<K extends Command['kind']>(kind: K): Extract<Command, { kind: K }> {
    const found = this.commands.findLast((command) => command.kind === kind)
    if (found === undefined) throw new Error(`no ${kind} among ${JSON.stringify(this.commands)}`)
    return found as Extract<Command, { kind: K }>
  }

  start(): Promise<this> {
    return this.live(this.starting(0, 0))
  }

  /** As after a crash: with what there is of its history, and on from there. */
  again(): Promise<this> {
    return this.live(this.starting())
  }

  /** The message that replays so much of this run. */
  starting(entries = this.history.length, answers = this.answers.length): Activation {
    const id = this.key.slice(0, 36)
    return {
      kind: 'start',
      key: this.key,
      self: {
        id,
        workspaceId: this.workspaceId,
        generation: this.#generation,
        type: 'FLOW',
        name: 'test',
        parentId: null,
        startedAt: 1_000,
      },
      input: this.#input,
      history: this.history.slice(0, entries),
      answers: this.answers.slice(0, answers),
    }
  }

  /** Gives a positioned answer and goes on. */
  answer(seq: number, outcome: Outcome): Promise<this> {
    const position = this.answers.length + 1
    const answer = { position, seq, outcome, at: 1_000 + position * 100 }
    this.answers.push(answer)
    return this.live(this.continuing([], [answer]))
  }

  /** Answers the oldest open call with the usual good outcome. */
  answerFirst(): Promise<this> {
    const [seq = 0] = this.last.open
    return this.answer(seq, this.good(seq))
  }

  good(seq: number, output: Json = null): Outcome {
    const command = this.commands.find((made) => made.seq === seq)
    if (command?.kind === 'sleep') return value(null)
    if (command?.kind === 'lock') return value({ token: seq })
    if (command?.kind === 'control') return value({ status: 'PAUSED' })
    if (command?.kind === 'record') return goodRecord(command.request)
    if (command?.kind === 'message' || command?.kind === 'message_wait')
      return value({ response: output, button: 'ok', answered_by: 'anna', answered_at: null })
    const ids =
      command?.kind === 'wait' ? command.ids : command?.kind === 'call' ? [command.child.id] : []
    return {
      kind: 'dependency',
      verdict: 'met',
      ended: ids.map((id) => ({
        id,
        status: 'ENDED_SUCCESS' as const,
        message: null,
        output: { v: output },
      })),
    }
  }

  bad(seq: number, message: string, output: Json = null): Outcome {
    const good = this.good(seq, output)
    if (good.kind !== 'dependency') throw new Error('not a wait for executions')
    return {
      ...good,
      verdict: 'failed',
      ended: good.ended.map((ended) => ({ ...ended, status: 'ENDED_ERROR', message })),
    }
  }

  /** Runs one message without keeping what comes of it. */
  async run(activation: Activation): Promise<ActivationResult> {
    const { workspaceId, script } = this
    const [result] = await this.sandbox.activate({ workspaceId, script }, [activation])
    if (result === undefined || 'lost' in result) throw new Error('lost')
    return result
  }

  protected continuing(local: readonly LocalAnswer[], answers: readonly Answer[]): Activation {
    return { kind: 'continue', key: this.key, local, answers }
  }

  protected async live(first: Activation): Promise<this> {
    let activation = first
    for (;;) {
      const result = await this.run(activation)
      this.results.push(result)
      const local = result.commands.flatMap((command) => {
        const outcome = this.#itself(command)
        return outcome === null ? [] : [{ seq: command.seq, outcome }]
      })
      this.commands.push(...result.commands)
      this.logs.push(...result.logs.map(({ values }) => values as Json))
      for (const entry of result.entries) {
        const own = local.find(({ seq }) => seq === entry.seq)
        this.history.push(own === undefined ? entry : { ...entry, outcome: own.outcome })
      }
      if (result.end !== null || result.stop !== undefined) return this
      if (local.length === 0 && result.consumed >= this.answers.length) return this
      activation = this.continuing(local, [])
    }
  }
}
