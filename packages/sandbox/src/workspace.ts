import type { Activation, ActivationResult } from '@millrace/replay'
import type { Lost } from './check-result.ts'
import { endedBy } from './guilty.ts'
import { isOver, Realm } from './realm.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import type { SandboxLimits, Script } from './sandbox-options.ts'

export interface WorkspaceDeps {
  readonly limits: SandboxLimits
  /** ms; for idleness only. */
  readonly now: () => number
  readonly startProcess: () => Promise<SandboxProcess>
}

/** A part of the heap above which a realm gets no new executions. */
const HEAP_FULL = 0.6
const SOLO_AT_ONCE = 2

type Result = ActivationResult | Lost

/** The processes and realms of one workspace. */
export class Workspace {
  readonly #deps: WorkspaceDeps
  /** Where new executions of a script begin. */
  readonly #current = new Map<string, Realm>()
  readonly #realms = new Set<Realm>()
  readonly #processes = new Set<SandboxProcess>()
  readonly #holders = new Map<string, Realm>()
  #main: Promise<SandboxProcess> | null = null
  usedAt: number

  constructor(deps: WorkspaceDeps) {
    this.#deps = deps
    this.usedAt = deps.now()
  }

  get suspended(): number {
    return this.#holders.size
  }

  get processes(): number {
    return this.#processes.size
  }

  get busy(): boolean {
    for (const realm of this.#realms) if (realm.busy > 0) return true
    return false
  }

  async activate(script: Script, batch: readonly Activation[]): Promise<Result[]> {
    this.usedAt = this.#deps.now()
    const results: (Result | undefined)[] = new Array<undefined>(batch.length)
    const groups = new Map<Realm, number[]>()
    const starts: number[] = []
    batch.forEach((activation, index) => {
      if (activation.kind === 'start') return void starts.push(index)
      const holder = this.#holders.get(activation.key)
      if (holder === undefined || holder.gone) results[index] = { key: activation.key, lost: true }
      else groups.set(holder, [...(groups.get(holder) ?? []), index])
    })
    if (starts.length > 0) {
      const realm = await this.#realmFor(script)
      groups.set(
        realm,
        [...(groups.get(realm) ?? []), ...starts].sort((a, b) => a - b),
      )
    }
    await Promise.all(
      [...groups].map(async ([realm, indexes]) => {
        const members = indexes.flatMap((index) => batch[index] ?? [])
        const made = await this.#runTogether(realm, script, members)
        indexes.forEach((index, at) => (results[index] = made[at]))
      }),
    )
    return results.map((result, index) => result ?? { key: batch[index]?.key ?? '', lost: true })
  }

  forget(key: string): boolean {
    const holder = this.#holders.get(key)
    if (holder === undefined) return false
    this.#holders.delete(key)
    holder.forget(key)
    return true
  }

  /** Gives up what has been idle since `before`. */
  retire(before: number): void {
    for (const realm of this.#realms) {
      if (realm.gone) this.#drop(realm)
      else if (realm.busy === 0 && realm.suspended.size === 0 && realm.usedAt < before)
        this.#close(realm)
    }
    const main = this.#main
    for (const process of this.#processes) {
      if (process.dead) this.#processes.delete(process)
      else if (
        this.usedAt < before &&
        ![...this.#realms].some((realm) => realm.process === process)
      ) {
        this.#processes.delete(process)
        if (main !== null) this.#main = null
        process.kill('it was idle', 'unable')
      }
    }
  }

  /** Ends every process; what was suspended is lost. */
  close(): Promise<unknown> {
    for (const process of this.#processes) process.kill('the sandbox was closed', 'unable')
    this.#holders.clear()
    return Promise.all([...this.#processes].map(({ ended }) => ended))
  }

  async #runTogether(
    realm: Realm,
    script: Script,
    batch: readonly Activation[],
  ): Promise<Result[]> {
    const outcome = await this.#run(realm, batch)
    if ('results' in outcome) return outcome.results
    const { failure } = outcome
    if (failure.why === 'syntax')
      return batch.map((member) => endedBy(member, failure, this.#deps.limits))
    const [only] = batch
    if (batch.length === 1 && only !== undefined && isGuilty(only, realm, failure)) {
      return [endedBy(only, failure, this.#deps.limits)]
    }
    const quarantine = failure.processDied ? await this.#startProcess() : null
    return this.#runApart(quarantine, script, batch)
  }

  /** Each in a realm of its own, so that what trips again is alone in it. */
  async #runApart(
    quarantine: SandboxProcess | null,
    script: Script,
    batch: readonly Activation[],
  ): Promise<Result[]> {
    const results = batch.map((member): Result => ({ key: member.key, lost: true }))
    const todo = [...batch.entries()].filter(([, member]) => member.kind === 'start')
    let process = quarantine
    const work = async (): Promise<void> => {
      for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
        const [index, member] = next
        if (process?.dead === true) process = await this.#startProcess()
        const realm = this.#open(process ?? (await this.#mainProcess()), script)
        const outcome = await this.#run(realm, [member])
        if ('results' in outcome) {
          const [result] = outcome.results
          if (result !== undefined) results[index] = result
          if (realm.suspended.size === 0) this.#close(realm)
        } else if (
          outcome.failure.why !== 'syntax' &&
          outcome.failure.processDied &&
          quarantine === null
        ) {
          // It may have been a neighbour that took the process with it.
          const [again] = await this.#runApart(await this.#startProcess(), script, [member])
          if (again !== undefined) results[index] = again
        } else results[index] = endedBy(member, outcome.failure, this.#deps.limits)
      }
    }
    // In a process under suspicion only one runs at a time: whatever kills it is known then.
    await Promise.all(Array.from({ length: quarantine === null ? SOLO_AT_ONCE : 1 }, work))
    return results
  }

  async #run(realm: Realm, batch: readonly Activation[]) {
    const outcome = await realm.run(batch)
    realm.usedAt = this.#deps.now()
    if ('results' in outcome) {
      for (const result of outcome.results) {
        this.#holders.delete(result.key)
        if (!isOver(result)) this.#holders.set(result.key, realm)
      }
      const limit = this.#deps.limits.memoryMib * 1024 * 1024
      if (realm.heapBytes > limit * HEAP_FULL && this.#current.get(realm.hash) === realm)
        this.#current.delete(realm.hash)
      if (this.#current.get(realm.hash) !== realm && realm.busy === 0 && realm.suspended.size === 0)
        this.#close(realm)
    } else this.#drop(realm)
    return outcome
  }

  async #realmFor(script: Script): Promise<Realm> {
    const process = await this.#mainProcess()
    const found = this.#current.get(script.hash)
    if (found !== undefined && !found.gone) return found
    const realm = this.#open(process, script)
    this.#current.set(script.hash, realm)
    this.#makeRoom()
    return realm
  }

  #open(process: SandboxProcess, script: Script): Realm {
    const realm = new Realm(process, script)
    realm.usedAt = this.#deps.now()
    this.#realms.add(realm)
    return realm
  }

  /** Closes the realm that was idle longest when there are too many. */
  #makeRoom(): void {
    if (this.#realms.size <= this.#deps.limits.realms) return
    const idle = [...this.#realms].filter(
      (realm) => realm.busy === 0 && realm !== [...this.#current.values()].at(-1),
    )
    const oldest = idle.sort((a, b) => a.usedAt - b.usedAt)[0]
    if (oldest !== undefined) this.#close(oldest)
  }

  async #mainProcess(): Promise<SandboxProcess> {
    const current = this.#main
    const main = current === null ? null : await current.catch(() => null)
    if (main !== null && !main.dead) return main
    // Several may have waited for the same one: the first starts the next.
    if (this.#main !== current) return this.#mainProcess()
    this.#main = this.#startProcess()
    return this.#main
  }

  async #startProcess(): Promise<SandboxProcess> {
    const process = await this.#deps.startProcess()
    this.#processes.add(process)
    return process
  }

  #close(realm: Realm): void {
    realm.close()
    this.#drop(realm)
  }

  #drop(realm: Realm): void {
    this.#realms.delete(realm)
    if (this.#current.get(realm.hash) === realm) this.#current.delete(realm.hash)
    for (const key of realm.suspended)
      if (this.#holders.get(key) === realm) this.#holders.delete(key)
    realm.suspended.clear()
  }
}

/**
 * One that was alone in its batch has itself used up the CPU time. Memory is shared with all that
 * is suspended in the realm, and a process with all its realms, so those have to be seen alone first.
 */
function isGuilty(
  member: Activation,
  realm: Realm,
  failure: { why: string; processDied: boolean },
): boolean {
  if (failure.processDied) return false
  if (failure.why === 'cpu') return true
  return member.kind === 'start' && realm.begun === 1
}
