import type { Json } from './json.ts'
import { as, byQuery, createRecords, type By, type Records } from './records.ts'
import type { NewSetting, Setting } from './record-types.ts'
import type { Transport } from './transport.ts'

/** Settings are values, and each is a lock besides. */
export interface Settings extends Records<Setting, NewSetting> {
  /** Creates the setting or replaces its value. */
  put(name: string, value: Json): Promise<Setting>
  /** Who holds the setting's lock and who waits for it. */
  inspectLock(key: string, options?: By): Promise<SettingLock>
  /** Takes the lock from its holder; the next in line gets it. Audited. */
  forceRelease(key: string, options?: By): Promise<SettingLock>
}

export interface SettingLock {
  /** Execution id; null when nobody holds it. */
  readonly holder: string | null
  readonly fencing_token: number | null
  readonly held_since: string | null
  readonly waiters: readonly LockWaiter[]
}

export interface LockWaiter {
  readonly execution_id: string
  /** 1 is next. */
  readonly position: number
  readonly since: string
  readonly until: string | null
}

export function createSettings(transport: Transport): Settings {
  const records = createRecords<Setting, NewSetting>(transport, 'setting')
  const lock = (key: string) => `/setting/${encodeURIComponent(key)}/lock`
  return {
    ...records,
    put: (name, value) => putSetting(records, name, value),
    inspectLock: async (key, options) =>
      as<SettingLock>(
        await transport.send({ method: 'GET', path: lock(key), query: byQuery(options) }),
      ),
    forceRelease: async (key, options) =>
      as<SettingLock>(
        await transport.send({
          method: 'POST',
          path: `${lock(key)}/release`,
          query: byQuery(options),
          body: { force: true },
        }),
      ),
  }
}

async function putSetting(
  records: Records<Setting, NewSetting>,
  name: string,
  value: Json,
): Promise<Setting> {
  return createOrUpdate({
    update: () => records.update(name, { value }, { by: 'name' }),
    create: () => records.create({ name, value }),
  })
}

/** Two callers may both find nothing and create; the one that meets the other's record updates it. */
async function createOrUpdate<T>(actions: {
  update: () => Promise<T>
  create: () => Promise<T>
}): Promise<T> {
  try {
    return await actions.update()
  } catch (error) {
    if (!hasStatus(error, 404)) throw error
  }
  try {
    return await actions.create()
  } catch (error) {
    if (!hasStatus(error, 409)) throw error
    return actions.update()
  }
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && 'status' in error && error.status === status
}
