import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runCommand, type StackInUse, until } from '../../stack/index.ts'
import { raw } from './raw-request.ts'

/** The same through `millrace`, as a process of its own. */
export function commandLine(at: StackInUse): void {
  describe('the command line', { concurrency: 2 }, () => {
    const millrace = (...argv: string[]) => runCommand(at.stack.home, argv)

    test('a flow is pushed, listed, run and its output printed', async () => {
      const file = join(at.stack.home, 'greet.ts')
      await writeFile(
        file,
        `export default async (system, self, inputs: { name: string }) => ({ greeting: 'hi ' + inputs.name })\n`,
      )
      assert.match((await millrace('flow', 'push', file)).err, /^created +greet/)
      assert.match((await millrace('flow', 'push', file)).err, /^unchanged +greet/)
      assert.match((await millrace('flow', 'list')).out, /greet/)
      const ran = await millrace('run', 'greet', '--wait', '--input', '{"name":"owl"}')
      assert.deepEqual([ran.exitCode, JSON.parse(ran.out)], [0, { greeting: 'hi owl' }], ran.err)
    })

    test('a syntax error is shown as file:line:column', async () => {
      const file = join(at.stack.home, 'oops.ts')
      await writeFile(file, `export default () => {\n  let a = = 1\n}\n`)
      const pushed = await millrace('flow', 'push', file)
      assert.equal(pushed.exitCode, 2)
      assert.match(pushed.err, /oops\.ts:2:\d+: /)
    })

    test('exit codes tell how it ended', async () => {
      const codes = await Promise.all(
        [
          ['run', 'hello', '--wait'],
          ['run', 'fails', '--wait'],
          ['run', 'hello', '--timeout', 'soon'],
          ['run', 'cancels', '--wait'],
          ['run', 'nowhere', '--wait'],
          ['run', 'sleeper', '--wait', '--timeout', '0.5s'],
        ].map(async (argv) => (await millrace(...argv)).exitCode),
      )
      assert.deepEqual(codes, [0, 1, 2, 3, 4, 5])
    })

    test('run --follow shows logs as they come', async () => {
      const ran = await millrace('run', 'hello', '--follow', '-i', '{"name":"kea"}')
      assert.match(ran.err, /hello kea/)
      assert.deepEqual(JSON.parse(ran.out), { hello: 'kea' })
    })

    test('an ended execution goes out as YAML, comes in again, into the trash, back, and for ever away', async () => {
      const { id } = await at.stack.client.executions.create(
        { flow_name: 'hello', input_value: { name: 'owl' } },
        { waitSeconds: 20 },
      )
      const document = await millrace('execution', 'export', id)
      assert.match(document.out, /^---\nexecution:\n/)
      const file = join(at.stack.home, 'runs.yaml')
      await writeFile(file, document.out)
      assert.match((await millrace('execution', 'import', file, '--dry-run')).out, /1 would be/)
      const [copy = ''] = (await millrace('execution', 'import', file)).out.split('\n')
      assert.deepEqual((await at.stack.client.executions.get(copy)).output_value, { hello: 'owl' })
      assert.match((await millrace('execution', 'trash', copy)).out, /in the trash/)
      assert.equal((await at.stack.client.executions.get(copy)).is_deleted, true)
      assert.match((await millrace('execution', 'restore', copy)).out, /ENDED_SUCCESS/)
      assert.match((await millrace('execution', 'purge', copy)).out, /removed/)
      assert.equal((await millrace('execution', 'get', copy)).exitCode, 4)
    })

    test('an execution is listed, shown, explained, paused, resumed and cancelled', async () => {
      const { id } = await at.stack.client.executions.create({ flow_name: 'sleeper' })
      await at.rig.reaches(id, 'SCHEDULED')
      assert.match((await millrace('execution', 'list', '--status', 'live')).out, new RegExp(id))
      assert.match((await millrace('execution', 'get', id)).out, /SCHEDULED/)
      const why = await millrace('execution', 'why', id)
      assert.match(why.out, /SCHEDULED[\s\S]*since .*until [\s\S]*to free it:/)
      assert.match((await millrace('execution', 'pause', id)).out, /PAUSED/)
      assert.equal((await millrace('execution', 'resume', id)).exitCode, 0)
      assert.match(
        (await millrace('execution', 'cancel', id, '-m', 'enough')).out,
        /ENDED_CANCELLED/,
      )
      assert.equal((await millrace('execution', 'cancel', id)).exitCode, 4)
      assert.equal((await millrace('execution', 'tail', id)).exitCode, 3)
      assert.match((await millrace('execution', 'tree', id)).out, new RegExp(id))
      assert.equal((await millrace('execution', 'savepoints', id)).exitCode, 0)
    })

    test('logs are printed in order', async () => {
      const ended = await at.rig.run(`self.log('one', { n: 1 }); self.log('two')`)
      const lines = (await millrace('execution', 'log', ended.id)).out.trim().split('\n')
      assert.deepEqual(
        lines.map((line) => line.slice(10)),
        ['one {"n":1}', 'two'],
      )
    })

    test('-o json prints the document of the API', async () => {
      const ended = await at.rig.run('return 1')
      const printed = JSON.parse(
        (await millrace('execution', 'get', ended.id, '-o', 'json')).out,
      ) as Record<string, unknown>
      assert.deepEqual(printed, (await raw(at, `/execution/${ended.id}`)).body)
    })

    test('settings and locks', async () => {
      assert.equal((await millrace('setting', 'set', 'cli', '{"a":1}')).exitCode, 0)
      assert.deepEqual(JSON.parse((await millrace('setting', 'get', 'cli')).out), { a: 1 })
      const holder = await at.rig.start(
        `await system.setting('cli').acquire(); await self.sleep(3600)`,
      )
      await until(
        async () =>
          (await at.stack.client.settings.inspectLock('cli', { by: 'name' })).holder === holder.id,
        { what: 'the lock is held' },
      )
      assert.match((await millrace('lock', 'list')).out, new RegExp(`cli +${holder.id}`))
      assert.equal((await millrace('lock', 'release', 'cli')).exitCode, 2)
      assert.equal((await millrace('lock', 'release', 'cli', '--force')).exitCode, 0)
      await at.stack.client.executions.cancel(holder.id)
    })

    test('whoami says who and where', async () => {
      const { out } = await millrace('whoami')
      assert.match(out, new RegExp(at.stack.credentials.user_name))
      assert.match(out, new RegExp(at.stack.url))
    })
  })
}
