import { expect, it } from 'vitest'
import { mayPassVariable } from './environment.ts'

it.each([
  ['LANG', 'C.UTF-8', true],
  ['LC_ALL', 'de_DE.UTF-8@euro', true],
  ['TZ', 'Europe/Berlin', true],
  ['LD_PRELOAD', '/tmp/x.so', false],
  ['BASH_ENV', '/tmp/x', false],
  ['PATH', '/tmp', false],
  ['SALLYPORT_REASON', 'x', false],
  ['LC_ALL', '() { :; }; id', false],
  ['lang', 'C', false],
  ['LC_ALL', 'x'.repeat(257), false],
])('%s=%s may be passed on: %s', (name, value, expected) => {
  expect(mayPassVariable(name, value, 0)).toBe(expected)
})

it('stops after twenty variables', () => {
  expect(mayPassVariable('LANG', 'C', 20)).toBe(false)
})
