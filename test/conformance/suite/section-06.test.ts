import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { until } from '../../stack/index.ts'
import { item, useDoors } from '../harness.ts'

describe('starting executions', { concurrency: 4, timeout: 180_000 }, () => {
  useDoors(async ({ rig, client }) => {
    await rig.flow('s06-double', 'return { twice: inputs.n * 2 }')
    await rig.flow('s06-echo', 'return inputs')
    await rig.flow('s06-fails', 'throw new TypeError("no good")')
    await rig.flow('s06-late', 'await self.sleep(inputs.seconds); return inputs.seconds')
    await rig.flow('s06-sleeper', 'await self.sleep(3600)')
    const project = await client.projects.create({ name: 's06 home' })
    await client.projects.create({ name: 's06 away' })
    await client.flows.create({
      name: 's06-housed',
      script: 'export default () => 1',
      project_id: project.id,
    })
    await client.connectors.create({
      name: 's06-connector',
      connector_type: 'REST',
      value: {},
      project_id: project.id,
    })
  })

  item(
    '6.1.1',
    'one REST request creates an execution that starts by itself',
    async ({ rest, rig }) => {
      const { status, json } = await rest('POST', '/execution', {
        flow_name: 's06-double',
        input_value: { n: 2 },
      })
      assert.equal(status, 201)
      assert.deepEqual((await rig.ended(String(json['id']))).output_value, { twice: 4 })
    },
  )

  item('6.1.1', 'one gRPC call does the same', async ({ grpc, client }) => {
    const { execution } = await grpc<{ execution: { id: string; status: string } }>(
      'executions',
      'Create',
      {
        flow_name: 's06-double',
        wait_seconds: 20,
        input_value: { structValue: { fields: { n: { numberValue: 3 } } } },
      },
    )
    assert.equal(execution.status, 'EXECUTION_STATUS_ENDED_SUCCESS')
    assert.deepEqual((await client.executions.get(execution.id)).output_value, { twice: 6 })
  })

  item(
    ['6.1.4', '6.2.8'],
    'an execution starts executions; parent and child find each other',
    async ({ rig, rest }) => {
      const parent = await rig.run(`await self.flow('s06-double', { n: 1 }, { name: 'my child' })`)
      const { json } = await rest('GET', `/execution/${parent.id}/children`)
      const [child] = json['items'] as Record<string, unknown>[]
      assert.deepEqual(
        [child?.['name'], child?.['parent_execution_id'], child?.['flow_name']],
        ['my child', parent.id, 's06-double'],
      )
    },
  )

  item(
    '6.1.5',
    'it is started with a name, mode, tags, time and more',
    async ({ rest, client }) => {
      const options = {
        name: 's06 optional',
        description: 'with options',
        metadata: { a: [1] },
        tags: ['x', 'y'],
        is_productive: false,
        priority: 3,
        run: false,
      }
      const { json } = await rest('POST', '/execution', { flow_name: 's06-double', ...options })
      const { run, ...shown } = options
      assert.deepEqual(Object.fromEntries(Object.keys(shown).map((key) => [key, json[key]])), shown)
      assert.equal(json['status'], run ? 'WAITING_ENGINE' : 'PAUSED')
      await client.executions.cancel(String(json['id']))
    },
  )

  item(
    '6.2.1',
    'flow by name and id, connect by type, script by source: each makes a child of its type',
    async ({ rig, client }) => {
      const flow = await client.flows.get('s06-double', { by: 'name' })
      const parent = await rig.run(
        `
      await self.flow('s06-double', { n: 1 })
      await self.flow(inputs.id, { n: 2 })
      await self.script('export default () => 3')
      await self.connect({ connector_type: 'REST', url: 'http://127.0.0.1:1/' }, { wait: 'ALL_ENDED' })
      await self.connect('s06-connector', { url: 'http://127.0.0.1:1/' }, { wait: 'ALL_ENDED' })`,
        { id: flow.id },
      )
      const children = await rig.children(parent.id)
      assert.deepEqual(
        children.map(({ type }) => type),
        ['FLOW', 'FLOW', 'SCRIPT', 'CONNECTION', 'CONNECTION'],
        parent.message ?? '',
      )
      assert.deepEqual(
        children.slice(0, 2).map(({ flow_id: id }) => id),
        [flow.id, flow.id],
      )
    },
  )

  item('6.2.2', 'a child is waited for by default, and its output is at hand', async ({ rig }) => {
    const output = await rig.output(`
      const child = await self.flow('s06-double', { n: 21 })
      return [child.status, child.output]`)
    assert.deepEqual(output, ['ENDED_SUCCESS', { twice: 42 }])
  })

  item(
    ['6.2.2b', '6.2.12', 'D29'],
    'with wait false the parent goes on, ends, and its child lives',
    async ({ rig }) => {
      const parent = await rig.run(`
      const child = await self.flow('s06-late', { seconds: 1 }, { wait: false })
      return child.id`)
      const child = await rig.ended(String(parent.output_value))
      assert.equal(child.status, 'ENDED_SUCCESS')
      assert.ok(Date.parse(child.ended_at ?? '') > Date.parse(parent.ended_at ?? ''))
    },
  )

  item(
    '6.2.2b',
    'wait takes a condition: a failure is looked at and not thrown',
    async ({ rig }) => {
      const body = `return (await self.flow('s06-fails', {}, { wait: 'ALL_ENDED' })).status`
      assert.equal(await rig.output(body), 'ENDED_ERROR')
    },
  )

  item(
    ['6.2.2c', '6.2.4', 'D22'],
    'with run false the child is PAUSED until it is run',
    async ({ rig }) => {
      const parent = await rig.start(`
      const child = await self.flow('s06-double', { n: 4 }, { run: false })
      await gate(self, 'look')
      await child.run()
      return child.output`)
      const child = await until(
        async () => (await rig.children(parent.id)).find(({ name }) => name === 's06-double'),
        { what: 'the child' },
      )
      assert.deepEqual([child.status, child.started_at], ['PAUSED', null])
      await rig.openGate(parent.id, 'look')
      assert.deepEqual((await rig.ended(parent.id)).output_value, { twice: 8 })
    },
  )

  item('6.2.4', 'runAsync starts a child and gives it back at once', async ({ rig }) => {
    const output = await rig.output(`
      const child = await self.flow('s06-late', { seconds: 0.5 }, { run: false })
      const started = Date.now()
      const same = await child.runAsync()
      const early = Date.now() - started < 400
      await child.wait()
      return [same.id === child.id, early, child.output]`)
    assert.deepEqual(output, [true, true, 0.5])
  })

  item(['6.2.3', 'D47'], 'running again what was run already starts nothing', async ({ rig }) => {
    const parent = await rig.run(`
      const child = await self.flow('s06-double', { n: 5 })
      await child.run()
      await child.runAsync()
      return child.output`)
    assert.deepEqual(parent.output_value, { twice: 10 }, parent.message ?? '')
    assert.equal((await rig.children(parent.id)).length, 1)
  })

  item('6.2.5', "inputs of the options join the call's and win", async ({ rig }) => {
    const body = `return (await self.flow('s06-echo', { a: 1, b: 1 }, { inputs: { b: 2, wait: 'x' } })).output`
    assert.deepEqual(await rig.output(body), { a: 1, b: 2, wait: 'x' })
  })

  item(
    'D45',
    'an input may have the name of an option, an unknown option is an error, no input is an empty object',
    async ({ rig, client }) => {
      assert.deepEqual(
        await rig.output(`return (await self.flow('s06-echo', { name: 'n', wait: 1 })).output`),
        {
          name: 'n',
          wait: 1,
        },
      )
      const body = `try { await self.flow('s06-echo', {}, { colour: 1 }) } catch (error) { return [error.name, error.message] }`
      const [name, message] = (await rig.output(body)) as [string, string]
      assert.equal(name, 'InvalidInputError')
      assert.match(message, /colour/)
      for (const input of [{}, { input_value: null }])
        assert.deepEqual(
          (await client.executions.create({ flow_name: 's06-echo', ...input }, { waitSeconds: 20 }))
            .output_value,
          {},
        )
    },
  )

  item('6.2.6', 'init sets fields of the new record', async ({ rig, client }) => {
    const project = await client.projects.get('s06 away', { by: 'name' })
    const init = { name: 'given', description: 'said', metadata: { a: 1 }, priority: 7 }
    const parent = await rig.run(`await self.flow('s06-double', { n: 1 }, { init: inputs })`, {
      ...init,
      project_id: project.id,
    })
    const [child] = await rig.children(parent.id)
    const { name, description, metadata, priority, project_id: projectId } = child ?? assert.fail()
    assert.deepEqual({ name, description, metadata, priority }, init)
    assert.equal(projectId, project.id)
  })

  item(
    '6.2.7',
    'a child that fails, or is cancelled, raises DependencyFailedError with who it was',
    async ({ rig }) => {
      for (const [flow, status] of [
        [`self.flow('s06-fails')`, 'ENDED_ERROR'],
        [`self.script("export default (s, self) => self.cancel('no')")`, 'ENDED_CANCELLED'],
      ] as const) {
        const body = `try { await ${flow} } catch (error) { return [error.name, error.executions.map((e) => e.status)] }`
        assert.deepEqual(await rig.output(body), ['DependencyFailedError', [status]])
      }
    },
  )

  item(
    '6.2.7',
    'a failure that nobody catches fails the parent, with the cause in its message',
    async ({ rig }) => {
      const parent = await rig.run(`await self.flow('s06-fails')`)
      assert.equal(parent.status, 'ENDED_ERROR')
      assert.match(parent.message ?? '', /DependencyFailedError[\s\S]*no good/)
    },
  )

  item(
    '6.2.9',
    'the third argument is the input, and a child is asked for its output',
    async ({ rig }) => {
      const output = await rig.output(
        `const child = await self.flow('s06-echo', { from: inputs.me })
       return [inputs, await self.get('input_value'), await child.get('output_value')]`,
        { me: 'parent' },
      )
      assert.deepEqual(output, [{ me: 'parent' }, { me: 'parent' }, { from: 'parent' }])
    },
  )

  item('6.2.10', 'a flow starts itself', async ({ rig }) => {
    const name = `s06-${newId()}`
    await rig.flow(
      name,
      `return inputs.n === 0 ? 0 : 1 + (await self.flow('${name}', { n: inputs.n - 1 })).output`,
    )
    assert.equal(await rig.output(`return (await self.flow('${name}', { n: 4 })).output`), 4)
  })

  item(
    ['6.2.11', 'D48'],
    'a cancel spares an orphan and all that is below it',
    async ({ rig, client }) => {
      const name = `s06-${newId()}`
      await rig.flow(name, `await self.flow('s06-sleeper')`)
      const parent = await rig.start(
        `
      await self.flow(inputs.name, {}, { wait: false, orphan: true })
      await self.flow(inputs.name)`,
        { name },
      )
      const [orphan, other] = await until(
        async () => {
          const children = await rig.children(parent.id)
          const below = await Promise.all(children.map(({ id }) => rig.children(id)))
          return children.length === 2 && below.every(({ length }) => length === 1)
            ? children.toSorted((a, b) => Number(b.orphan) - Number(a.orphan))
            : null
        },
        { what: 'two children with one child each' },
      )
      const [spared] = await rig.children(orphan?.id ?? '')
      const [taken] = await rig.children(other?.id ?? '')
      await client.executions.cancel(parent.id)
      for (const one of [other, taken])
        assert.equal((await rig.ended(one?.id ?? '')).status, 'ENDED_CANCELLED')
      for (const one of [orphan, spared])
        assert.equal((await client.executions.get(one?.id ?? '')).ended_at, null)
      await client.executions.cancel(orphan?.id ?? '')
    },
  )

  item('6.3.1', 'a child is as productive as its parent', async ({ rig }) => {
    for (const is_productive of [true, false]) {
      const parent = await rig.run(`await self.flow('s06-double', { n: 1 })`, {}, { is_productive })
      assert.equal((await rig.children(parent.id))[0]?.is_productive, is_productive)
    }
  })

  item(
    ['6.4.1', 'D46'],
    'a run lives in the project of its flow or connector, a script with its parent',
    async ({ rig, client }) => {
      const home = await client.projects.get('s06 home', { by: 'name' })
      const away = await client.projects.get('s06 away', { by: 'name' })
      const started = await Promise.all([
        client.executions.create({ flow_name: 's06-housed' }),
        client.executions.create({ connector_name: 's06-connector' }),
        client.executions.create({ script: 'export default () => 1' }),
        client.executions.create({ flow_name: 's06-double' }),
      ])
      assert.deepEqual(
        started.map(({ project_id: id }) => id),
        [home.id, home.id, null, null],
      )
      const parent = await rig.run(
        `await self.flow('s06-housed')
       await self.connect('s06-connector', {}, { wait: 'ALL_ENDED' })
       await self.script('export default () => 1')
       await self.flow('s06-double', { n: 1 })`,
        {},
        { project_id: away.id },
      )
      assert.deepEqual(
        (await rig.children(parent.id)).map(({ project_id: id }) => id),
        [home.id, home.id, away.id, away.id],
        'children: flow, connector, script, flow without a project',
      )
    },
  )

  item('6.4.2', 'the call may name another project', async ({ rig, client }) => {
    const away = await client.projects.get('s06 away', { by: 'name' })
    const created = await client.executions.create({
      flow_name: 's06-housed',
      project_name: 's06 away',
    })
    assert.equal(created.project_id, away.id)
    const parent = await rig.run(
      `await self.flow('s06-housed', {}, { init: { project_id: inputs.id } })`,
      { id: away.id },
    )
    assert.equal((await rig.children(parent.id))[0]?.project_id, away.id)
  })
})
