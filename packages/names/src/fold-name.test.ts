import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldName } from './fold-name.ts'

test('case and compatibility forms do not make two names different', () => {
  for (const variant of ['WEB-1', 'Web-1', 'ｗｅｂ－１']) expect(foldName(variant)).toBe('web-1')
})

test('of any text, folding twice changes nothing, and the short way gives what the long one does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(foldName(foldName(text))).toBe(foldName(text))
      expect(foldName(text)).toBe(text.normalize('NFKC').toLowerCase().normalize('NFKC'))
    }),
  )
})
