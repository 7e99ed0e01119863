import { expect, it } from 'vitest'
import { editLine } from './line-editor.ts'

it.each([
  ['', 'fix\r', { text: 'fix', echo: 'fix\r\n', done: 'entered' }],
  ['fixx', '\u007f', { text: 'fix', echo: '\b \b' }],
  ['', '\u007f', { text: '', echo: '' }],
  ['abc', '\u0015', { text: '', echo: '\b \b\b \b\b \b' }],
  ['abc', '\u0003', { text: 'abc', echo: '\r\n', done: 'interrupted' }],
  ['', '\u0004', { text: '', echo: '\r\n', done: 'interrupted' }],
  ['a', '\u001b[Ab', { text: 'ab', echo: 'b' }],
  ['', 'é\u0007✓', { text: 'é✓', echo: 'é✓' }],
])('after %j, typing %j gives %j', (text, typed, expected) => {
  expect(editLine(text, typed)).toEqual(expected)
})
