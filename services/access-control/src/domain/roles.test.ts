import { isPermission, permissions } from '@sallyport/identity/permissions'
import { describe, expect, it } from 'vitest'
import {
  type BuiltInRole,
  builtInRoles,
  checkedPermissions,
  operatorPermissions,
  refuseEscalation,
} from './roles.ts'

const roleNames: BuiltInRole[] = ['administrator', 'approver', 'auditor', 'user', 'operator']

describe('the built-in roles', () => {
  it('hold no permission that reads a secret: there is none', () => {
    expect(Object.keys(permissions).filter(id => /secret|reveal|release/.test(id))).toEqual([])
  })

  it('leave the platform’s keys and tenants to the operator', () => {
    for (const name of roleNames.filter(role => role !== 'operator')) {
      for (const permission of builtInRoles[name].permissions)
        expect(operatorPermissions.has(permission)).toBe(false)
    }
  })

  it('let an auditor see and change nothing', () => {
    expect(builtInRoles.auditor.permissions.every(permission => permission.endsWith('.read'))).toBe(true)
  })
})

describe('a set of permissions', () => {
  it.each([['device.reed'], ['__proto__'], ['toString'], ['*'], ['']])('with %j is refused', name => {
    expect(isPermission(name)).toBe(false)
    expect(() => checkedPermissions([name])).toThrow('unknown permission')
  })

  it('is given only by somebody who has all of it', () => {
    expect(() => refuseEscalation(['user.read'], new Set(['user.read', 'user.manage']))).not.toThrow()
    expect(() => refuseEscalation(['user.read', 'device.read'], new Set(['user.read']))).toThrow(
      'do not have yourself',
    )
  })
})
