import { readConfig } from '@sallyport/config/reader'
import { describe, expect, it } from 'vitest'
import { readEgressRules } from './config.ts'

const read = (environment: Record<string, string>) =>
  readConfig(environment, reader => ({ egress: readEgressRules(reader) })).egress

describe('the rules for targets', () => {
  it('forbid this machine, and nothing more than the built-in list, unless told otherwise', () => {
    expect(read({})).toEqual({ allowLoopback: false, forbidden: [] })
  })

  it('take networks and single addresses, of both kinds', () => {
    const text = '10.96.0.0/12, fd12::/48,192.0.2.1'
    expect(read({ SALLYPORT_FORBIDDEN_TARGETS: text }).forbidden).toEqual([
      '10.96.0.0/12',
      'fd12::/48',
      '192.0.2.1',
    ])
  })

  it.each(['10.0.0.0/33', '10.0.0/8', 'pods', 'fe80::1%eth0', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'do not start with %s',
    text => {
      expect(() => read({ SALLYPORT_FORBIDDEN_TARGETS: text })).toThrow('must be a list of networks')
    },
  )
})
