import {
  type Command,
  type ErrorValue,
  type Json,
  type LocalAnswer,
  type LockName,
  type Outcome,
  PAST_MAX_BYTES,
  recordWords,
  type ReturnWhen,
} from '@millrace/replay'
import { newId, now } from '@millrace/runtime'
import { type Database, ensureSetting, isPgText, type NewWait, pgTime } from '@millrace/store'
import type { MessageCommand } from './answer-messages.ts'
import { answerFile } from './answer-files.ts'
import type { Collected } from './collected.ts'
import { type CommandFacts, gatherFacts } from './command-facts.ts'
import type { Held } from './held.ts'
import { bytesOfAnswers, isTooMuch } from './past.ts'
import { readFields, refuseFields, unbornField } from './read-fields.ts'
import { unstorable } from './wrong-child.ts'

/**
 * Deals with the commands that one message from the sandbox brought: turns them into rows of the
 * coming commit, and answers those that need nobody else. Reads only; what it decides to write is
 * kept in `collected` and exists when the commit does.
 */
export async function answerCommands(
  db: Database,
  held: Held,
  asked: {
    readonly collected: Collected
    readonly commands: readonly Command[]
    /** What links to messages begin with. */
    readonly publicUrl: string
  },
): Promise<LocalAnswer[]> {
  const { collected, commands, publicUrl } = asked
  if (commands.length === 0) return []
  const facts = await gatherFacts(db, held, { collected, commands })
  const context: Context = { db, held, collected, facts, publicUrl }
  const local: LocalAnswer[] = []
  let read = 0
  for (const command of commands) {
    const isLeft = isRead(command) && isTooMuch(read)
    const outcome = isLeft ? refuse(READS_TOO_MUCH) : await answer(context, command)
    if (outcome === null) continue
    if (isRead(command)) read += bytesOfAnswers([{ outcome }])
    local.push({ seq: command.seq, outcome })
    collected.localOutcomes.set(command.seq, outcome)
  }
  return local
}

/** Of any size; the others answer with little. */
const isRead = (command: Command): boolean =>
  command.kind === 'read' || (command.kind === 'file_get' && command.as !== 'facts')

const READS_TOO_MUCH: ErrorValue = {
  name: 'InvalidInputError',
  message: `files and fields of more than ${PAST_MAX_BYTES / 2 ** 20} MiB as JSON are read at once; read them in child flows`,
}

interface Context {
  readonly db: Database
  readonly held: Held
  readonly collected: Collected
  readonly facts: CommandFacts
  readonly publicUrl: string
}

type CommandOf<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>

/** Null: somebody else answers. */
function answer(context: Context, command: Command): Outcome | null | Promise<Outcome | null> {
  if (command.again === true) return askAgain(context, command)
  switch (command.kind) {
    case 'start':
    case 'call':
      return answerStart(context, command)
    case 'wait':
      return answerWait(context, command)
    case 'sleep':
      return open(context, {
        seq: command.seq,
        kind: 'TIMER',
        dueIn: secondsOf(command),
        dueAt: command.until ?? null,
      })
    case 'lock':
    case 'unlock':
      return answerLock(context, command)
    case 'setting_get':
      return answerSettingGet(context, command)
    case 'setting_set':
      return answerSettingSet(context, command)
    case 'file_get':
    case 'file_set':
    case 'file_delete':
      return answerFile(
        {
          db: context.db,
          workspaceId: context.held.workspaceId,
          written: context.collected.files,
          fileOf: context.facts.fileOf,
        },
        command,
      )
    case 'control':
      if (!isKnown(context, command.id)) return refuse(noExecution(command.id))
      return open(context, {
        seq: command.seq,
        kind: 'CONTROL',
        subject: command.action,
        ref: command.id,
      })
    case 'read':
      return answerRead(context, command)
    case 'record':
      return askRecords(context, command)
    case 'message':
    case 'message_wait':
    case 'message_read':
    case 'message_link':
      return answerMessage(context, command)
  }
}

async function answerMessage(context: Context, command: MessageCommand): Promise<Outcome | null> {
  // Loaded by the first flow that asks: checkers of schemas and patterns take several MiB.
  const { answerMessageCommand } = await import('./answer-messages.ts')
  const verdict = await answerMessageCommand(context, command)
  return 'outcome' in verdict ? verdict.outcome : open(context, verdict.wait)
}

function answerStart(context: Context, command: CommandOf<'start' | 'call'>): Outcome | null {
  const { collected, facts } = context
  const child = facts.childOf.get(command.seq)
  if (child === undefined) return refuse(lostTrack(command.kind))
  if ('error' in child) return refuse(child.error)
  const { id, name, type } = child.execution
  collected.children.set(id, child.execution)
  if (command.kind === 'start') return value({ id, name, type })
  return open(context, {
    seq: command.seq,
    ...whenOf(command.returnWhen),
    ref: id,
    dueIn: command.timeout,
  })
}

function answerWait(context: Context, command: CommandOf<'wait'>): Outcome | null {
  const { seq, ids, returnWhen, timeout } = command
  const unknown = ids.find((id) => !isKnown(context, id))
  if (unknown !== undefined) return refuse(noExecution(unknown))
  const [first, ...others] = new Set(ids)
  if (first === undefined) return { kind: 'dependency', verdict: 'met', ended: [] }
  const target = others.length === 0 ? { ref: first } : { members: [first, ...others] }
  const before = ids.filter((id) => context.facts.rowOf.has(id))
  if (before.length > 0) context.collected.foreign.push({ seq, ids: before })
  return open(context, { seq, ...whenOf(returnWhen), ...target, dueIn: timeout })
}

/**
 * Opens the wait of a call that this life has inherited unanswered. Nothing is started or refused, so no
 * answer of the engine's own can come of it: there would be no entry to keep it in.
 */
async function askAgain(context: Context, command: Command): Promise<null> {
  const { seq } = command
  switch (command.kind) {
    case 'call':
      context.collected.foreign.push({ seq, ids: [command.child.id] })
      return open(context, {
        seq,
        ...whenOf(command.returnWhen),
        ref: command.child.id,
        dueIn: command.timeout,
      })
    case 'wait': {
      const [first, ...others] = new Set(command.ids)
      const target =
        first === undefined || others.length === 0
          ? { ref: first ?? null }
          : { members: [first, ...others] }
      context.collected.foreign.push({ seq, ids: command.ids })
      return open(context, {
        seq,
        ...whenOf(command.returnWhen),
        ...target,
        dueIn: command.timeout,
      })
    }
    case 'sleep':
      return open(context, {
        seq,
        kind: 'TIMER',
        dueIn: secondsOf(command),
        dueAt: command.until ?? null,
      })
    case 'lock': {
      const { lock } = command
      const { held, collected } = context
      const key = await lockKey(context, lock)
      held.askedForLocks = true
      // Its setting is gone: nobody can hold it, and to wait for it is to wait in vain.
      if (typeof key !== 'string') {
        const subject = `setting:${'setting' in lock ? lock.setting : lock.semaphore}`
        return open(context, { seq, kind: 'LOCK', subject, dueIn: 0 })
      }
      const capacity = 'capacity' in lock ? lock.capacity : 1
      collected.lockRequests.push({ seq, key, action: 'acquire', capacity })
      return open(context, { seq, kind: 'LOCK', subject: key, dueIn: command.timeout })
    }
    case 'control':
      return open(context, { seq, kind: 'CONTROL', subject: command.action, ref: command.id })
    case 'record':
      askRecords(context, command)
      return null
    case 'message':
    case 'message_wait': {
      const { askMessageAgain } = await import('./answer-messages.ts')
      return open(context, askMessageAgain(context, command))
    }
    default:
      return null
  }
}

async function answerLock(
  context: Context,
  command: CommandOf<'lock' | 'unlock'>,
): Promise<Outcome | null> {
  const { seq, lock } = command
  const key = await lockKey(context, lock)
  if (typeof key !== 'string') return refuse(key)
  context.held.askedForLocks = true
  const capacity = 'capacity' in lock ? lock.capacity : 1
  const action = command.kind === 'lock' ? 'acquire' : 'release'
  context.collected.lockRequests.push({ seq, key, action, capacity })
  if (command.kind === 'unlock') return value(null)
  return open(context, { seq, kind: 'LOCK', subject: key, dueIn: command.timeout })
}

function answerSettingGet(
  { collected, facts }: Context,
  { name }: CommandOf<'setting_get'>,
): Outcome {
  const written = collected.settings.get(name)
  if (written !== undefined) return value(written.value)
  const setting = facts.settingOf.get(name)
  if (!setting) return refuse(noSetting(name))
  return value(setting.value === null ? null : (JSON.parse(setting.value) as Json))
}

function answerSettingSet(
  { collected, facts }: Context,
  command: CommandOf<'setting_set'>,
): Outcome {
  if (!isPgText(command.name)) return refuse(unstorable('the name of a setting'))
  const id = facts.settingOf.get(command.name)?.id ?? newId()
  collected.settings.set(command.name, { id, value: command.value })
  return value(null)
}

function answerRead(
  { db, collected, facts }: Context,
  { id, fields }: CommandOf<'read'>,
): Outcome | Promise<Outcome> {
  const error = refuseFields(fields)
  if (error !== null) return refuse(error)
  const row = facts.rowOf.get(id)
  if (row !== undefined) return readFields(db, row, fields).then(value)
  const child = collected.children.get(id)
  if (child === undefined) return refuse(noExecution(id))
  return value(Object.fromEntries(fields.map((field) => [field, unbornField(child, field)])))
}

/**
 * A gateway answers: it has the rules of the records. What was asked lives and dies with its wait; its
 * first line is for people.
 */
function askRecords(context: Context, { seq, request }: CommandOf<'record'>): Outcome | null {
  const text = JSON.stringify(request)
  if (text.length > RECORD_REQUEST_MAX_CHARS)
    return refuse({
      name: 'InvalidInputError',
      message: `what is asked of the records is longer than ${RECORD_REQUEST_MAX_CHARS} characters; ask for less at once`,
    })
  return open(context, { seq, kind: 'RECORD', subject: `${recordWords(request)}\n${text}` })
}

/** A script or a value of 1 MiB, with what JSON makes of it. */
const RECORD_REQUEST_MAX_CHARS = 4 * 1_048_576

/** Opens a wait; somebody else answers it. */
function open(
  { held, collected }: Context,
  wait: Partial<NewWait> & Pick<NewWait, 'seq' | 'kind'>,
): null {
  const full: NewWait = {
    returnWhen: null,
    needed: null,
    ref: null,
    subject: null,
    dueIn: null,
    members: [],
    ...wait,
    dueAt: wait.dueAt === undefined || wait.dueAt === null ? null : pgTime(wait.dueAt),
  }
  collected.waits.push(full)
  const dueAt = full.dueAt ?? (full.dueIn === null ? null : now() + full.dueIn * 1_000)
  held.waits.set(full.seq, { kind: full.kind, dueAt })
  held.hadWaits = true
  return null
}

/** The key under which the lock-manager knows it, or why there is none. */
async function lockKey(
  { db, held, collected, facts }: Context,
  lock: LockName,
): Promise<string | ErrorValue> {
  if ('semaphore' in lock)
    return isPgText(lock.semaphore)
      ? `semaphore:${lock.semaphore}`
      : unstorable('the name of a semaphore')
  const name = lock.setting
  const setting = facts.settingOf.get(name)
  if (setting) return `setting:${setting.id}`
  const written = collected.settings.get(name)
  if (written === undefined) return noSetting(name)
  // Made by this very activation and locked at once: it gets its row before the commit, so that
  // everybody who locks it means the same one. A crash before the commit leaves it empty.
  const id = await ensureSetting(db, { workspaceId: held.workspaceId, name, id: written.id })
  collected.settings.set(name, { ...written, id })
  return `setting:${id}`
}

const secondsOf = ({ seconds }: CommandOf<'sleep'>): number | null =>
  seconds === undefined ? null : Math.max(0, seconds)

function whenOf(returnWhen: ReturnWhen): Pick<NewWait, 'kind' | 'returnWhen' | 'needed'> {
  if (typeof returnWhen === 'string') return { kind: 'DEPENDENCY', returnWhen, needed: null }
  return 'ended' in returnWhen
    ? { kind: 'DEPENDENCY', returnWhen: 'N_ENDED', needed: returnWhen.ended }
    : { kind: 'DEPENDENCY', returnWhen: 'N_SUCCEEDED', needed: returnWhen.succeeded }
}

const isKnown = ({ collected, facts }: Context, id: string): boolean =>
  facts.rowOf.has(id) || collected.children.has(id)

const value = (v: Json): Outcome => ({ kind: 'value', value: { v } })
const refuse = (error: ErrorValue): Outcome => ({ kind: 'error', error })

const lostTrack = (kind: string): ErrorValue => ({
  name: 'InternalError',
  message: `the engine lost track of a ${kind}`,
})
const noSetting = (name: string): ErrorValue => ({
  name: 'ResourceNotFoundError',
  message: `there is no setting named "${name}" in this workspace; create it first, or set it from a flow`,
  details: { type: 'setting', name },
})
const noExecution = (id: string): ErrorValue => ({
  name: 'ResourceNotFoundError',
  message: `there is no execution ${id} in this workspace`,
  details: { type: 'execution', id },
})
