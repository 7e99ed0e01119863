import { expect, test } from 'vitest'
import { checkAccountName } from './account.ts'

test.each(['root', 'alice', 'svc_backup-1', 'CORP\\alice', 'alice@corp.example', 'host$', 'jörg'])(
  '%s can be an account',
  name => {
    expect(checkAccountName(name)).toBe(name)
  },
)

test.each(['', 'root:x', '-l', 'a b', 'a\nb', 'a/b', '../etc', 'a\u0000', ':'])(
  '%j can be no account',
  name => {
    expect(() => checkAccountName(name)).toThrow('not one that an account can have')
  },
)
