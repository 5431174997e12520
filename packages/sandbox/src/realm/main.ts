import type { Activation } from '@millrace/replay'
import { installStackTraces } from './call-site.ts'
import { ChildExecution } from './child-execution.ts'
import { Driver } from './driver.ts'
import type { Factory, Script } from './driver.ts'
import { StoredFile } from './files.ts'
import { harden } from './harden.ts'
import { setRealmLimits } from './limits.ts'
import type { RealmLimits } from './limits.ts'
import { Lock, Semaphore, Setting } from './locks.ts'
import { Message } from './message.ts'
import { StoredRecord } from './records.ts'
import { SelfExecution } from './self-execution.ts'
import { Starter } from './starter.ts'
import { System } from './system.ts'

/** What the sandbox process calls; everything goes in and out as text. */
export interface Realm {
  define(factory: Factory, script: string): void
  begin(batch: string, chunk: number): string | null
  cross(): void
  settle(chunk: number): string | null
  collect(chunk: number): string
  forget(keys: string): void
}

/** Builds the realm in a fresh context: this is the last the intrinsics change. */
export function buildRealm(
  limits: string,
  driverOf = (script: Script): Driver => new Driver(script),
): Realm {
  setRealmLimits(JSON.parse(limits) as RealmLimits)
  installStackTraces()
  const classes = [ChildExecution, Lock, Message, Setting, Semaphore, StoredRecord, StoredFile]
  harden([...classes, SelfExecution, Starter, System])
  let driver: Driver | null = null
  const ready = (): Driver => {
    if (driver === null) throw new Error('no script')
    return driver
  }
  return {
    define(factory, script) {
      driver = driverOf({ ...(JSON.parse(script) as Omit<Script, 'factory'>), factory })
    },
    begin: (batch, chunk) => ready().begin(JSON.parse(batch) as Activation[], chunk),
    cross: () => ready().cross(),
    settle: (chunk) => ready().settle(chunk),
    collect: (chunk) => ready().collect(chunk),
    forget: (keys) => ready().forget(JSON.parse(keys) as string[]),
  }
}
