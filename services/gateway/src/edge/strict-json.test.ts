import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseStrictJson } from './strict-json.ts'

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text))
const refusal = expect.objectContaining({ reason: 'request.invalid' })

test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
  const names = fc.string().filter(name => !['__proto__', 'constructor', 'prototype'].includes(name))
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 5 }),
    map: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  }))
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2, '\t'), (sample, space) => {
      const text = JSON.stringify(sample, null, space)
      expect(parse(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('any bytes are either refused as the client’s mistake or read as JSON.parse reads them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), bytes => {
      try {
        expect(parseStrictJson(bytes)).toEqual(JSON.parse(Buffer.from(bytes).toString()))
      } catch (error) {
        expect(error).toEqual(refusal)
      }
    }),
  )
})

test('a colon or a brace inside a string is text', () => {
  expect(parse('{"a":"{\\"a\\":1}","b":"[[[[","c":["x",":"]}')).toEqual({
    a: '{"a":1}',
    b: '[[[[',
    c: ['x', ':'],
  })
})

test('the same name is fine in different objects', () => {
  expect(parse('[{"a":{"a":1}},{"a":2}]')).toEqual([{ a: { a: 1 } }, { a: 2 }])
})

test('an empty body is no value', () => {
  expect(parse('')).toBeUndefined()
})

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"a" :1,"a"\n:2}',
  '{"__proto__":1}',
  '{"x":{"const\\u0072uctor":1}}',
  '[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]',
  '\ufeff1',
  '{a:1}',
  '{"a\\":1}',
  'NaN',
])('%s is refused', text => {
  expect(() => parse(text)).toThrow(refusal)
})

test('bytes that are no UTF-8 are refused', () => {
  expect(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(refusal)
})
