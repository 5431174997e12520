import type { Client, Setting, SettingLock } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { byWhat } from '../parse-option.ts'
import { renderTable } from '../render/table.ts'
import { formatDuration, formatSpan, formatTime } from '../render/time.ts'

/** Locks are asked for in groups of this many at a time. */
const AT_A_TIME = 8

export function addLockCommands(program: Command, context: Context): void {
  const lock = program
    .command('lock')
    .description('see who holds and who waits for the locks of settings')

  lock
    .command('list')
    .description('list locks that somebody holds')
    .option('--all', 'free ones too')
    .action(async (options: { all?: boolean }) => {
      const client = await context.client()
      const all = await inspectAll(client)
      const shown =
        options.all === true
          ? all
          : all.filter(({ lock: one }) => one.holder !== null || one.waiters.length > 0)
      context.print(
        { items: shown.map(({ setting, lock: one }) => ({ setting: setting.name, ...one })) },
        () =>
          shown.length === 0
            ? 'no lock is held'
            : renderTable(
                ['SETTING', 'HOLDER', 'SINCE', 'TOKEN', 'WAITING'],
                shown.map(({ setting, lock: one }) => [
                  setting.name,
                  one.holder,
                  formatTime(one.held_since),
                  one.fencing_token,
                  one.waiters.length,
                ]),
              ),
      )
    })

  lock
    .command('show')
    .description("show a setting's lock: holder and queue")
    .argument('<setting>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).settings.inspectLock(key, byWhat(key))
      context.print(found, () => renderLock(key, found, context.deps.now()))
    })

  lock
    .command('release')
    .description('take a lock from its holder; the next in line gets it')
    .argument('<setting>', 'name or id')
    .option('--force', 'yes: its holder does not know and may still believe that it is alone')
    .action(async (key: string, options: { force?: boolean }) => {
      if (options.force !== true) {
        throw new CliError(`the holder of "${key}" may still be at work under it`, {
          way: `see it with \`millrace lock show ${key}\`; take it with \`millrace lock release ${key} --force\``,
        })
      }
      const after = await (await context.client()).settings.forceRelease(key, byWhat(key))
      context.print(after, () => renderLock(key, after, context.deps.now()))
    })
}

function renderLock(name: string, lock: SettingLock, now: number): string {
  if (lock.holder === null) return `${name} is free`
  const age =
    lock.held_since === null ? '' : ` for ${formatDuration(now - Date.parse(lock.held_since))}`
  const head = `${name} is held by ${lock.holder}${age} (token ${lock.fencing_token})`
  const queue = lock.waiters.map(
    (waiter) => `${waiter.position}. ${waiter.execution_id}  ${formatSpan(waiter, now)}`,
  )
  return [head, ...queue].join('\n')
}

async function inspectAll(client: Client): Promise<{ setting: Setting; lock: SettingLock }[]> {
  const settings = await Array.fromAsync(client.settings.iterate({ order: 'name', limit: 1000 }))
  const found: { setting: Setting; lock: SettingLock }[] = []
  for (let from = 0; from < settings.length; from += AT_A_TIME) {
    const group = settings.slice(from, from + AT_A_TIME)
    const inspect = async (setting: Setting) => ({
      setting,
      lock: await client.settings.inspectLock(setting.id),
    })
    found.push(...(await Promise.all(group.map(inspect))))
  }
  return found
}
