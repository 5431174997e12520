import { ReturnWhenNames } from './arguments.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { ENVIRONMENT, RealTemporal } from './environment.ts'

/**
 * Takes from the realm what could tell one run from another or reach outside of it, and freezes the
 * rest, so that no execution can leave anything behind for the next one. Run once, before the
 * author's code.
 */
export function harden(classes: readonly (abstract new (...args: never[]) => unknown)[]): void {
  const shared = globalThis as unknown as Record<string, unknown>
  // Threads and shared memory can tell time; collection of garbage is chance; WebAssembly's memory
  // is not counted against the realm.
  for (const name of [
    'SharedArrayBuffer',
    'Atomics',
    'WebAssembly',
    'FinalizationRegistry',
    'WeakRef',
    'eval',
  ]) {
    delete shared[name]
  }
  for (const name of ENVIRONMENT) if (name !== 'globalThis') delete shared[name]
  for (const made of classes) delete (made.prototype as { constructor?: unknown }).constructor
  refuseCodeFromText()
  for (const [name, made] of Object.entries(EXCEPTIONS)) define(shared, name, made)
  define(shared, 'ReturnWhen', ReturnWhenNames)
  define(shared, 'queueMicrotask', (task: () => void) => void Promise.resolve().then(task))
  define(
    shared,
    'structuredClone',
    (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown,
  )
  for (const [name, hint] of HINTS) define(shared, name, refuse(name, hint))
  forgetTheTime()
  for (const prototype of ENABLED) allowOverrides(prototype.of, prototype.keys)
  freezeAll([shared, ...hidden(), ...classes.map((made) => made.prototype as object)])
}

const HINTS: readonly (readonly [string, string])[] = [
  ['setTimeout', 'use await self.sleep(seconds)'],
  ['setInterval', 'use a loop with await self.sleep(seconds)'],
  ['setImmediate', 'use await self.sleep(0)'],
  ['fetch', "use await self.connect({ connector_type: 'REST', url })"],
  ['require', "only '@millrace/flow-api' can be imported"],
]

function refuse(name: string, hint: string): () => never {
  return () => {
    throw new TypeError(`${name} does not exist in a flow: ${hint}`)
  }
}

/** `Function`, its relatives and `eval` compile text; whatever they would see is not this execution's. */
function refuseCodeFromText(): void {
  const kinds: unknown[] = [
    function () {},
    async function () {},
    function* () {},
    async function* () {},
  ]
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind) as object
    const refused = function (): never {
      throw new TypeError('Code from text cannot be run in a flow: use self.script(source)')
    }
    Object.defineProperty(refused, 'prototype', { value: prototype })
    Object.defineProperty(prototype, 'constructor', {
      value: refused,
      writable: true,
      configurable: true,
    })
    if (prototype === Function.prototype) {
      define(globalThis, 'Function', refused)
    }
  }
}

/** What the shared prototypes lead to must not know the time; each execution has its own that does. */
function forgetTheTime(): void {
  const Plain = function Date(...args: unknown[]): unknown {
    if (args.length === 0) throw new TypeError('Use the global Date for the present time')
    return Reflect.construct(RealDateOf, args)
  }
  const prototype = RealDateOf.prototype as object
  Object.defineProperty(Plain, 'prototype', { value: prototype })
  Object.defineProperty(prototype, 'constructor', {
    value: Plain,
    writable: true,
    configurable: true,
  })
  const formats = Intl.DateTimeFormat.prototype
  const format = Object.getOwnPropertyDescriptor(formats, 'format')?.get
  const { formatToParts } = formats
  const given = (date?: Date | number): Date | number => {
    if (date === undefined) throw new TypeError('Give a date, or use the global Intl')
    return date
  }
  Object.defineProperty(formats, 'format', {
    get(this: Intl.DateTimeFormat) {
      const inner = format?.call(this) as (date?: Date | number) => string
      return (date?: Date | number) => inner(given(date))
    },
    configurable: true,
  })
  Object.defineProperty(formats, 'formatToParts', {
    value(this: Intl.DateTimeFormat, date?: Date | number) {
      return formatToParts.call(this, given(date))
    },
    configurable: true,
  })
  const temporal = RealTemporal
  if (temporal !== undefined) delete temporal['Now']
}

const RealDateOf = Date

/** Where authors assign over an inherited property; freezing alone would make that an error. */
const ENABLED: readonly { of: object; keys: readonly string[] }[] = [
  {
    of: Object.prototype,
    keys: ['constructor', 'toString', 'toLocaleString', 'valueOf', 'hasOwnProperty'],
  },
  { of: Function.prototype, keys: ['constructor', 'toString'] },
  { of: Array.prototype, keys: ['constructor', 'toString'] },
  ...[
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
    ...Object.values(EXCEPTIONS),
  ].map((made) => ({
    of: made.prototype as object,
    keys: ['constructor', 'name', 'message', 'toString'],
  })),
  { of: Map.prototype, keys: ['constructor'] },
  { of: Set.prototype, keys: ['constructor'] },
  { of: RealDateOf.prototype, keys: ['constructor'] },
]

function allowOverrides(prototype: object, keys: readonly string[]): void {
  for (const key of keys) {
    const found = Object.getOwnPropertyDescriptor(prototype, key)
    if (found === undefined || !('value' in found) || found.configurable !== true) continue
    const value: unknown = found.value
    Object.defineProperty(prototype, key, {
      get: () => value,
      set(this: unknown, given: unknown) {
        if (this === prototype) throw new TypeError(`Cannot change ${key} of an intrinsic`)
        Object.defineProperty(this as object, key, {
          value: given,
          writable: true,
          configurable: true,
          enumerable: true,
        })
      },
      enumerable: false,
      configurable: false,
    })
  }
}

/** Freezes everything that can be reached from these, by property or prototype. */
function freezeAll(roots: readonly object[]): void {
  const seen = new Set<object>()
  const todo = [...roots]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    const prototype = Object.getPrototypeOf(next) as object | null
    if (prototype !== null) todo.push(prototype)
    for (const key of Reflect.ownKeys(next)) {
      const found = Object.getOwnPropertyDescriptor(next, key)
      for (const part of [found?.value, found?.get, found?.set] as unknown[]) {
        if ((typeof part === 'object' && part !== null) || typeof part === 'function')
          todo.push(part)
      }
    }
    if (!ArrayBuffer.isView(next)) Object.freeze(next)
  }
}

/** Intrinsics that no property leads to. */
function hidden(): object[] {
  const generator = (function* () {})()
  const asyncGenerator = (async function* () {})()
  return [
    [][Symbol.iterator](),
    new Map()[Symbol.iterator](),
    new Set()[Symbol.iterator](),
    ''[Symbol.iterator](),
    'a'.matchAll(/a/g),
    generator,
    asyncGenerator,
    async function () {},
    [].values().map((item: unknown) => item),
    Iterator.from({ next: () => ({ done: true, value: undefined }) }),
    Object.getPrototypeOf(Uint8Array) as object,
    RealDateOf.prototype,
  ]
}

function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  })
}
