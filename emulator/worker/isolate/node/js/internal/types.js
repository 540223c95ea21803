// What kind of object a value is, whatever its prototype says.

import native from 'cfemu:native/util'

const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get

/** A predicate that holds for what f can be called on. */
const accepts = (f, ...args) => value => {
  if (value === null || typeof value !== 'object') return false
  try {
    f.apply(value, args)
    return true
  } catch {
    return false
  }
}

const tag = value => Object.prototype.toString.call(value).slice(8, -1)
const tagged = name => value => value !== null && typeof value === 'object' && tag(value) === name
const TypedArray = Object.getPrototypeOf(Uint8Array)
const nameOfView = getter(TypedArray.prototype, Symbol.toStringTag)
const kind = name => value => value !== null && typeof value === 'object' && native.kind(value) === name
const functionKind = name => value => typeof value === 'function' && value[Symbol.toStringTag] === name
const view = name => value => ArrayBuffer.isView(value) && nameOfView.call(value) === name

const types = {
  isExternal: () => false,
  isDate: kind('Date'),
  isArgumentsObject: value => value !== null && typeof value === 'object' && !(Symbol.toStringTag in value) && tag(value) === 'Arguments',
  isBigIntObject: accepts(BigInt.prototype.valueOf),
  isBooleanObject: accepts(Boolean.prototype.valueOf),
  isNumberObject: accepts(Number.prototype.valueOf),
  isStringObject: accepts(String.prototype.valueOf),
  isSymbolObject: accepts(Symbol.prototype.valueOf),
  isBoxedPrimitive: value => types.isNumberObject(value) || types.isStringObject(value) || types.isBooleanObject(value) ||
    types.isBigIntObject(value) || types.isSymbolObject(value),
  isNativeError: kind('Error'),
  isRegExp: kind('RegExp'),
  isAsyncFunction: functionKind('AsyncFunction'),
  isGeneratorFunction: value => typeof value === 'function' && /Generator/.test(String(value[Symbol.toStringTag])),
  isGeneratorObject: value => tagged('Generator')(value) || tagged('AsyncGenerator')(value),
  isPromise: kind('Promise'),
  isMap: accepts(getter(Map.prototype, 'size')),
  isSet: accepts(getter(Set.prototype, 'size')),
  isMapIterator: tagged('Map Iterator'),
  isSetIterator: tagged('Set Iterator'),
  isWeakMap: accepts(WeakMap.prototype.has, {}),
  isWeakSet: accepts(WeakSet.prototype.has, {}),
  isArrayBuffer: kind('ArrayBuffer'),
  isDataView: value => ArrayBuffer.isView(value) && nameOfView.call(value) === undefined,
  isSharedArrayBuffer: () => false,
  isProxy: value => value !== null && (typeof value === 'object' || typeof value === 'function') && native.kind(value) === 'Proxy',
  isModuleNamespaceObject: tagged('Module'),
  isAnyArrayBuffer: kind('ArrayBuffer'),
  isArrayBufferView: value => ArrayBuffer.isView(value),
  isTypedArray: value => ArrayBuffer.isView(value) && nameOfView.call(value) !== undefined,
  isCryptoKey: value => value instanceof CryptoKey,
  isKeyObject: value => value?.[Symbol.toStringTag] === 'KeyObject',
}
for (const name of ['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'Int8', 'Int16', 'Int32', 'Float32', 'Float64', 'BigInt64', 'BigUint64']) {
  types[`is${name}Array`] = view(`${name}Array`)
}
for (const [name, f] of Object.entries(types)) Object.defineProperty(f, 'name', { value: name })

export default types
