import ivm from 'isolated-vm'
import type { Activation, ActivationResult } from '@millrace/replay'
import { DEFAULT_LIMITS, type Lost, type Sandbox, type Script } from '@millrace/sandbox'
import { checkResults } from '../../../packages/sandbox/src/check-result.ts'
import { type IsolateClass, RealmHost } from '../../../packages/sandbox/src/process/realm-host.ts'
import { debugRealmSource, realmSource } from '../../../packages/sandbox/src/realm-source.ts'
import { instanceNow, type World } from './world.ts'

/**
 * The sandbox without its process and its walls: the same realms, in isolates of this process, and
 * synchronous. Realms outlive histories: making one costs more than a history may.
 */
export function createSimSandbox(world: World, slow: { chance: number; maxMs: number }): Sandbox {
  const owner = instanceNow()
  const held = new Map<string, { host: RealmHost; keys: Set<string> }>()

  function realmOf(script: Script): { host: RealmHost; keys: Set<string> } {
    const found = held.get(script.hash)
    if (found !== undefined) return found
    const host = lend(script)
    const made = { host, keys: new Set<string>() }
    held.set(script.hash, made)
    lent.push({ script, ...made })
    return made
  }

  return {
    async activate({ script }, batch) {
      const { host, keys } = realmOf(script)
      const results = checkResults(`[${await host.run(JSON.stringify(batch), nothing)}]`, batch)
      for (const result of results) {
        if ('lost' in result || result.end !== null) keys.delete(result.key)
        else keys.add(result.key)
      }
      if (world.rng.next() >= slow.chance) return results
      return await new Promise<(ActivationResult | Lost)[]>((resolve) => {
        world.timer(world.rng.int(slow.maxMs), `sandbox answers ${batch.length}`, () =>
          resolve(results),
        )
      })
    },
    forget(_, key) {
      for (const { host, keys } of held.values())
        if (keys.delete(key)) host.forget(JSON.stringify([key]))
    },
    suspended: () => [...held.values()].reduce((sum, { keys }) => sum + keys.size, 0),
    close: () => Promise.resolve(void owner),
  } satisfies Sandbox & {
    activate: (realm: { script: Script }, batch: readonly Activation[]) => unknown
  }
}

/** Takes back what the instances of a history had, for the next one. */
export function returnRealms(): void {
  for (const { script, host, keys } of lent.splice(0)) {
    host.forget(JSON.stringify([...keys]))
    const list = free.get(script.hash)
    if (list === undefined) free.set(script.hash, [host])
    else list.push(host)
  }
}

const lent: { script: Script; host: RealmHost; keys: Set<string> }[] = []
const free = new Map<string, RealmHost[]>()
const nothing = (): void => undefined

function lend(script: Script): RealmHost {
  const known = free.get(script.hash)?.pop()
  if (known !== undefined) return known
  const { commands, logsPerActivation, logs, payloadBytes, depth, memoryMib, cpuMs } =
    DEFAULT_LIMITS
  const limits = JSON.stringify({ commands, logsPerActivation, logs, payloadBytes, depth })
  source ??= realmSource()
  // What is in development mode has a realm of its own.
  const own = script.debug === undefined ? source : debugRealmSource()
  const settings = { realmSource: own, limits, memoryMib, cpuMs }
  return new RealmHost(
    SyncIsolate as unknown as IsolateClass,
    settings,
    script.source,
    script.language,
    script.debug ?? null,
  )
}

let source: string | null = null

/**
 * The author's code runs on a thread of its own in the product; here it runs at once, so that a
 * history is the same every time.
 */
class SyncIsolate {
  readonly #isolate: ivm.Isolate
  constructor(options: ivm.IsolateOptions) {
    this.#isolate = new ivm.Isolate(options)
  }
  get isDisposed(): boolean {
    return this.#isolate.isDisposed
  }
  get cpuTime(): bigint {
    return this.#isolate.cpuTime
  }
  dispose(): void {
    this.#isolate.dispose()
  }
  createContextSync(): ivm.Context {
    return this.#isolate.createContextSync()
  }
  getHeapStatisticsSync(): ivm.HeapStatistics {
    return this.#isolate.getHeapStatisticsSync()
  }
  compileScriptSync(code: string, options: { filename: string }): unknown {
    const script = this.#isolate.compileScriptSync(code, options)
    if (options.filename !== 'millrace:realm') return script
    return { runSync: (...run: unknown[]) => builderOf(asAny(script).runSync(...run)) }
  }
}

/** A reference to `buildRealm` whose realm crosses at once. */
const builderOf = (build: AnyReference): unknown => ({
  applySync(...args: unknown[]) {
    const realm = asAny(build.applySync(...args))
    return {
      getSync(name: string, options: unknown) {
        const call = asAny(realm.getSync(name, options))
        if (name !== 'cross') return call
        return {
          apply: async (receiver: unknown, given: unknown[]) => call.applySync(receiver, given),
        }
      },
    }
  },
})

interface AnyReference {
  runSync(...args: unknown[]): AnyReference
  applySync(...args: unknown[]): unknown
  getSync(...args: unknown[]): unknown
}
const asAny = (reference: unknown): AnyReference => reference as AnyReference
