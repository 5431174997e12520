import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitUrl } from './split-url.ts'

test('an address becomes the inputs of a connection', () => {
  assert.deepEqual(splitUrl('https://example.com'), {
    scheme: 'https',
    host: 'example.com',
    path: '/',
    query: [],
  })
  assert.deepEqual(splitUrl(' HTTP://Example.com:8080/a%20b/c?x=1&y=a+b%26c&x=&flag#part '), {
    scheme: 'http',
    host: 'example.com',
    port: 8080,
    path: '/a%20b/c',
    query: [
      { name: 'x', value: '1' },
      { name: 'y', value: 'a b&c' },
      { name: 'x', value: '' },
      { name: 'flag', value: '' },
    ],
  })
})

test('a user, an address in numbers and a query without path are understood', () => {
  assert.deepEqual(splitUrl('https://anna:p%40ss:1@[::1]:443?q=50%'), {
    scheme: 'https',
    host: '::1',
    port: 443,
    path: '/',
    query: [{ name: 'q', value: '50%' }],
    authentication: {
      authentication_method: 'basic',
      username: 'anna',
      password: 'p@ss:1',
    },
  })
})

test('what is no address of the web is refused', () => {
  for (const url of ['', 'example.com', 'ftp://a/', 'https://', 'https:///a', 'https://a b/'])
    assert.throws(() => splitUrl(url), /must begin with https/, url)
  assert.throws(() => splitUrl('https://a:65536/'), /port of url must be at most 65535/)
  assert.throws(() => splitUrl(null), /url must be a string, not null/)
})
