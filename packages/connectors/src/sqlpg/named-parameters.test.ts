import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterBinder } from './named-parameters.ts'
import type { Parameters } from './sqlpg-input.ts'

const bindParameters = (query: string, parameters: Parameters | undefined) =>
  parameterBinder(query)(parameters)

const CASES: readonly [string, string, string[]][] = [
  ['SELECT :a', 'SELECT $1', ['a']],
  ['SELECT :a, :b, :a', 'SELECT $1, $2, $1', ['a', 'b']],
  ["SELECT ':a', :b", "SELECT ':a', $1", ['b']],
  ["SELECT 'it''s :a' || :b", "SELECT 'it''s :a' || $1", ['b']],
  ["SELECT E'\\':a' || :b", "SELECT E'\\':a' || $1", ['b']],
  ['SELECT ":a", :b', 'SELECT ":a", $1', ['b']],
  ['SELECT $$ :a $$, :b', 'SELECT $$ :a $$, $1', ['b']],
  ['SELECT $x$ $$ :a $x$, :b', 'SELECT $x$ $$ :a $x$, $1', ['b']],
  ['SELECT 1 -- :a\n, :b', 'SELECT 1 -- :a\n, $1', ['b']],
  ['SELECT /* :a /* :c */ */ :b', 'SELECT /* :a /* :c */ */ $1', ['b']],
  ['SELECT :a::int, x::text', 'SELECT $1::int, x::text', ['a']],
  ['SELECT a[1:2], :b', 'SELECT a[1:2], $1', ['b']],
  ['x := :a', 'x := $1', ['a']],
  ['SELECT col$b$ , :a', 'SELECT col$b$ , $1', ['a']],
  ["SELECT typeE'\\' , :a", "SELECT typeE'\\' , $1", ['a']],
  [':a', '$1', ['a']],
]
for (const [query, text, names] of CASES)
  test(`${JSON.stringify(query)} binds ${names.join(', ')}`, () => {
    const parameters = Object.fromEntries(names.map((name) => [name, `value of ${name}`]))
    assert.deepEqual(bindParameters(query, parameters), { text, values: Object.values(parameters) })
  })

test('lists and absent parameters leave the query alone', () => {
  assert.deepEqual(bindParameters('SELECT $1, :a', [1]), { text: 'SELECT $1, :a', values: [1] })
  assert.deepEqual(bindParameters('SELECT :a', undefined), { text: 'SELECT :a', values: [] })
})

test('missing, extra and unterminated are told', () => {
  assert.deepEqual(bindParameters('SELECT :a', { b: 1 }), [
    { kind: 'missing', name: 'a' },
    { kind: 'extra', name: 'b' },
  ])
  for (const query of ["SELECT 'a", 'SELECT "a', 'SELECT $$a', 'SELECT /* a'])
    assert.equal(
      (bindParameters(query, {}) as readonly { kind: string }[])[0]?.kind,
      'unterminated',
    )
  assert.deepEqual(bindParameters('SELECT :constructor', {}), [
    { kind: 'missing', name: 'constructor' },
  ])
})
