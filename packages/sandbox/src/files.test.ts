import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { refused, TestRun, testSandbox } from './testing.ts'
import type { AnswersItself } from './testing.ts'

const sandbox = testSandbox()
after(() => sandbox.close())

const begin = (body: string, itself?: AnswersItself) =>
  new TestRun(
    sandbox,
    `export default async function handler(system, self) {\n${body}\n}`,
    itself === undefined ? {} : { itself },
  ).start()

describe('files', () => {
  test('are read as text, bytes and base64', async () => {
    const run = await begin(
      "const f = system.file('a/b'); return [f.name, await f.getText(), [...await f.getBytes()], await f.getBase64(), await f.exists(), (await f.getFacts()).size]",
    )
    assert.deepEqual(run.end?.output, ['a/b', 'text of a/b', [0, 1, 2, 255], 'AAEC/w==', true, 5])
    assert.deepEqual(run.commands[1], { seq: 2, kind: 'file_get', name: 'a/b', as: 'base64' })
  })

  test('are written as text, bytes and base64, and deleted', async () => {
    const run = await begin(
      "const f = system.file('x'); await f.setText('grüße'); await f.setBytes(new Uint8Array([0, 255])); await f.setBase64('AQID'); return await f.delete()",
    )
    assert.deepEqual(run.commands, [
      { seq: 1, kind: 'file_set', name: 'x', as: 'text', content: 'grüße' },
      { seq: 2, kind: 'file_set', name: 'x', as: 'base64', content: 'AP8=' },
      { seq: 3, kind: 'file_set', name: 'x', as: 'base64', content: 'AQID' },
      { seq: 4, kind: 'file_delete', name: 'x' },
    ])
    assert.equal(run.end?.output, true)
  })

  test('that are not there throw what the engine says', async () => {
    const run = await begin(
      "try { await system.file('x').getText() } catch (e) { return [e instanceof ResourceNotFoundError, e.message, await system.file('x').exists()] }",
      (command) => {
        if (command.kind !== 'file_get') return null
        return command.as === 'facts'
          ? { kind: 'value', value: { v: null } }
          : refused('ResourceNotFoundError', 'no file', { type: 'file', name: 'x' })
      },
    )
    assert.deepEqual(run.end?.output, [true, 'no file', false])
  })

  test('wrong names and contents are named', async () => {
    const run = await begin(`
      const said = []
      const t = async (work) => { try { await work() } catch (e) { said.push(e.name + ': ' + e.message) } }
      await t(() => system.file('../a'))
      await t(() => system.file(3))
      await t(() => system.file('a').setText(3))
      await t(() => system.file('a').setText('\\ud800'))
      await t(() => system.file('a').setBase64('~'))
      await t(() => system.file('a').setBytes([1]))
      return said`)
    const said = run.end?.output as string[]
    assert.equal(said.length, 6)
    for (const one of said) assert.match(one, /^InvalidInputError: (?:system\.file|file\.set)/)
    assert.deepEqual(run.commands, [])
  })

  test('are refused inside of a step', async () => {
    const run = await begin(
      "try { await self.step('s', () => system.file('a').getText()) } catch (e) { return e.name }",
    )
    assert.equal(run.end?.output, 'EngineException')
  })
})
