import type { Status } from './status.ts'
import { isEnded } from './status.ts'
import type { Wait } from './wait.ts'

/** Another execution as far as a sentence needs it. `status`: null when it is not there any more. */
export interface Party {
  readonly executionId: string
  readonly status: Status | null
}

/** An open wait with what is known of those who can end it. Times are ms since 1970. */
export interface WaitFacts extends Wait {
  readonly since: number
  /** START and TIMER: when it is over. The others: when it times out. */
  readonly dueAt: number | null
  /** What it is about: a message's id, an execution's id. */
  readonly ref: string | null
  /**
   * START of an iteration: its schedule's name. LOCK: the lock's name. CONTROL: cancel, pause or
   * resume. RECORD: what was asked in words, and in a second line what a gateway reads. RESPONSE: the
   * message's subject. BREAK: the line.
   */
  readonly subject: string | null
  /** LOCK: who holds it. */
  readonly holders: readonly Party[]
  /** LOCK before the first activation: the limit of its flow. */
  readonly gate?: GateFacts
  /** LOCK of no setting: a place in it cannot be taken from its holder. */
  readonly isSemaphore?: boolean
  /** LOCK: place in the queue, 1 is next; null when it is not in the queue yet. */
  readonly position: number | null
  /** DEPENDENCY: whom it waits for, in the caller's order. */
  readonly members: readonly Party[]
  /** DEPENDENCY: ALL_ENDED, FIRST_SUCCEEDED, N_ENDED … */
  readonly returnWhen: string | null
  /** DEPENDENCY: the n of N_ENDED and N_SUCCEEDED. */
  readonly needed: number | null
  /** RESPONSE: who may answer; empty or absent: everybody. */
  readonly assignees?: readonly string[]
  /** RESPONSE: when an answer is expected. */
  readonly expectedAt?: number | null
}

/** What limits the starts of a flow: so many at a time, or so many in a period. */
export interface GateFacts {
  /** The flow's name; null when it is gone. */
  readonly flow: string | null
  /** The value of its key, as JSON text; null: one for the whole flow. */
  readonly value: string | null
  readonly limit: number
  /** Seconds in which `limit` may start; null: `limit` may run at once. */
  readonly perSeconds: number | null
  /** When it starts if nobody leaves the queue: known for periods only. ms since 1970. */
  readonly startsAt: number | null
}

/** What somebody can do about it; `ref` names the execution, lock or message it is done to. */
export interface Unblock {
  readonly action: 'cancel' | 'resume' | 'reply' | 'forceRelease' | 'debug'
  readonly ref: string
}

/** One open wait, explained. */
export interface WhyWait {
  readonly kind: Wait['kind']
  readonly ref: string | null
  readonly holder?: string
  readonly position?: number
  readonly since: number
  readonly until: number | null
  readonly reason: string
  readonly unblock: readonly Unblock[]
}

/** A due wait is answered within this time, or somebody should look at the scheduler. */
const OVERDUE_AFTER_MS = 5000

/** More suggestions than this help nobody. */
const UNBLOCK_MAX = 5

export function explainWait(
  wait: WaitFacts,
  { executionId, now }: { readonly executionId: string; readonly now: number },
): WhyWait {
  const [holder] = wait.holders
  return {
    kind: wait.kind,
    ref: wait.ref ?? (wait.kind === 'RECORD' ? null : wait.subject),
    ...(holder === undefined ? {} : { holder: holder.executionId }),
    ...(wait.position === null ? {} : { position: wait.position }),
    since: wait.since,
    until: wait.dueAt ?? wait.gate?.startsAt ?? null,
    reason: `${sentence(wait)}${expectation(wait, now)}${deadline(wait, now)}`,
    unblock: unblock(wait, executionId).slice(0, UNBLOCK_MAX),
  }
}

function sentence(wait: WaitFacts): string {
  switch (wait.kind) {
    case 'START':
      return wait.subject === null
        ? 'It is scheduled for later.'
        : `It waits for the next time of the schedule ${quoted(wait)}.`
    case 'TIMER':
      return 'It sleeps.'
    case 'DEPENDENCY':
      return dependencySentence(wait)
    case 'LOCK':
      return wait.gate === undefined ? lockSentence(wait) : gateSentence(wait, wait.gate)
    case 'RESPONSE':
      return `It waits for ${people(wait)} to answer the message ${quoted(wait)}.`
    case 'CONTROL':
      return `It asked to ${wait.subject ?? 'control'} execution ${wait.ref ?? 'unknown'}, which is being carried out.`
    case 'RECORD':
      return `It asked to ${askedOfRecords(wait.subject)}, which is being carried out.`
    case 'BREAK':
      return `Its debugger has stopped it before line ${wait.subject ?? 'unknown'}: continue or step.`
  }
}

/** The words of a RECORD wait: the first line of its subject. */
export function askedOfRecords(subject: string | null): string {
  const [words = ''] = (subject ?? '').split('\n', 1)
  return words === '' ? 'read or change records' : words
}

function people({ assignees = [] }: WaitFacts): string {
  const [first, second, third, ...others] = assignees
  if (first === undefined) return 'a person'
  if (second === undefined) return first
  if (third === undefined) return `${first} or ${second}`
  if (others.length === 0) return `${first}, ${second} or ${third}`
  return `${first}, ${second}, ${third} or one of ${others.length} more`
}

function expectation({ expectedAt = null }: WaitFacts, now: number): string {
  if (expectedAt === null) return ''
  return ` An answer ${expectedAt > now ? 'is' : 'was'} expected by ${time(expectedAt)}.`
}

function dependencySentence(wait: WaitFacts): string {
  const [first, ...others] = wait.members
  if (first === undefined) return `It waits for execution ${wait.ref ?? 'unknown'}.`
  if (others.length === 0) {
    return `It waits for execution ${first.executionId}, ${describe(first)}.`
  }
  const open = wait.members.filter(isOpen)
  const example = open.find(isStanding) ?? open[0]
  const rest =
    example === undefined
      ? 'all have ended, and the answer is on its way.'
      : `${open.length} ${open.length === 1 ? 'has' : 'have'} not ended, such as ${example.executionId}, ${describe(example)}.`
  return `It waits for ${goal(wait)}; ${rest}`
}

function goal({ returnWhen, needed, members }: WaitFacts): string {
  const verb = returnWhen?.endsWith('SUCCEEDED') ? 'succeed' : 'end'
  const count = members.length
  if (returnWhen?.startsWith('FIRST')) return `the first of ${count} executions to ${verb}`
  if (returnWhen?.startsWith('N_')) return `${needed ?? 1} of ${count} executions to ${verb}`
  return `all of ${count} executions to ${verb}`
}

function lockSentence(wait: WaitFacts): string {
  const [holder, ...others] = wait.holders
  const name = `It waits for the lock ${quoted(wait)}`
  if (holder === undefined) return `${name}, which is about to be granted.`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `${name}, held by execution ${holder.executionId}, ${describe(holder)}${more}; ${place(wait)}.`
}

function gateSentence(wait: WaitFacts, gate: GateFacts): string {
  const { flow, value, limit, perSeconds, startsAt } = gate
  const flowName = flow === null ? 'its flow' : `flow '${flow}'`
  const of = `${flowName}${value === null ? '' : ` for the key ${value}`}`
  if (perSeconds !== null) {
    const rate = `${limit} ${limit === 1 ? 'start' : 'starts'} in ${perSeconds} s`
    const when = startsAt === null ? '' : ` It starts at about ${time(startsAt)}.`
    return `It waits for its turn in the rate of ${of}, ${rate}; ${place(wait)}.${when}`
  }
  const places = limit === 1 ? `the only place of ${of}` : `one of the ${limit} places of ${of}`
  const [holder, ...others] = wait.holders
  if (holder === undefined) return `It waits for ${places}, which is about to be given to it.`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `It waits for ${places}, held by execution ${holder.executionId}, ${describe(holder)}${more}; ${place(wait)}.`
}

function place({ position }: WaitFacts): string {
  if (position === null) return 'its request is on its way to the queue'
  if (position === 1) return 'it is next'
  return `it is number ${position} in the queue`
}

function describe({ status }: Party): string {
  return status === null ? 'which is not there any more' : `which is ${status}`
}

function quoted({ subject, ref }: WaitFacts): string {
  return `'${subject ?? ref ?? 'unknown'}'`
}

function deadline({ kind, dueAt }: WaitFacts, now: number): string {
  if (dueAt === null) return ''
  const isTimeItself = kind === 'START' || kind === 'TIMER'
  const at = time(dueAt)
  if (now - dueAt > OVERDUE_AFTER_MS) {
    return ` ${isTimeItself ? 'Its time came' : 'It ran out of time'} at ${at}, and the scheduler has not dealt with it yet.`
  }
  return isTimeItself ? ` It goes on at ${at}.` : ` It gives up at ${at}.`
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function unblock(wait: WaitFacts, executionId: string): readonly Unblock[] {
  switch (wait.kind) {
    case 'DEPENDENCY':
      return byUrgency(wait.members.filter(isOpen)).map(freeParty)
    case 'LOCK': {
      if (wait.gate !== undefined && wait.gate.perSeconds !== null)
        return [{ action: 'cancel', ref: executionId }]
      // A place is given back by its holder alone: taken from it, more would run than may.
      const isSetting = wait.gate === undefined && wait.isSemaphore !== true
      const force = isSetting && wait.subject !== null ? [wait.subject] : []
      return [
        ...byUrgency(wait.holders).map(freeParty),
        ...force.map((ref) => ({ action: 'forceRelease', ref }) as const),
      ]
    }
    case 'RESPONSE':
      return wait.ref === null ? [] : [{ action: 'reply', ref: wait.ref }]
    case 'BREAK':
      return [{ action: 'debug', ref: executionId }]
    case 'START':
    case 'TIMER':
    case 'CONTROL':
    case 'RECORD':
      // Time frees it by itself; a person can only give it up.
      return [{ action: 'cancel', ref: executionId }]
  }
}

/** Those who stand still until a person does something come first. */
function byUrgency(parties: readonly Party[]): readonly Party[] {
  return [...parties.filter(isStanding), ...parties.filter((party) => !isStanding(party))]
}

function freeParty(party: Party): Unblock {
  return { action: isStanding(party) ? 'resume' : 'cancel', ref: party.executionId }
}

function isOpen({ status }: Party): boolean {
  return status !== null && !isEnded(status)
}

function isStanding({ status }: Party): boolean {
  return status === 'PAUSED' || status === 'LOST'
}
