import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { envBool, envInt, envList, envRequired, envStr } from './env.ts'

const NAME = 'MILLRACE_ENV_TEST'

describe('the environment', () => {
  afterEach(() => delete process.env[NAME])
  const set = (value: string): void => void (process.env[NAME] = value)

  it('counts an empty value as unset', () => {
    assert.equal(envStr(NAME), undefined)
    set('  ')
    assert.equal(envStr(NAME), undefined)
    assert.equal(envStr(NAME, 'default'), 'default')
    assert.equal(envInt(NAME, 3), 3)
    assert.equal(envBool(NAME, true), true)
    assert.deepEqual(envList(NAME, ['a']), ['a'])
    assert.throws(() => envRequired(NAME), { code: 'invalid', message: `${NAME} is not set` })
  })

  it('reads text, whole numbers, booleans and lists', () => {
    set(' -12 ')
    assert.equal(envRequired(NAME), '-12')
    assert.equal(envInt(NAME), -12)
    set('Yes')
    assert.equal(envBool(NAME), true)
    set('off')
    assert.equal(envBool(NAME, true), false)
    set('10.0.0.0/8, ,fd00::/8')
    assert.deepEqual(envList(NAME), ['10.0.0.0/8', 'fd00::/8'])
  })

  it('refuses what it cannot read, naming the variable', () => {
    for (const value of ['1.5', '1e3', '0x10', 'ten', '9007199254740993']) {
      set(value)
      assert.throws(() => envInt(NAME, 1), { code: 'invalid', message: /MILLRACE_ENV_TEST.*/ })
    }
    set('maybe')
    assert.throws(() => envBool(NAME), { code: 'invalid' })
  })
})
