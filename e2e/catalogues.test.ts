import { isPermission, permissions } from '@sallyport/identity/permissions'
import { expect, test } from 'vitest'
import { methodsNeeding } from './support/method-tables.ts'
import { permissionsPage } from './support/permissions-page.ts'

// After a change of permissions, roles or RPCs: vitest run --project e2e e2e/catalogues.test.ts -u
test('docs/permissions.md lists every permission, role and RPC as the code has it', async () => {
  await expect(permissionsPage()).toMatchFileSnapshot('../docs/permissions.md')
})

/** Checked in handlers, because they open more of what every signed-in user may ask for. */
const checkedWithTheObject = [
  'request.read',
  'request.revoke',
  'grant.read',
  'custody.read',
  'session.read',
  'session.terminate',
  'recording.read',
]

test('every permission is needed somewhere', () => {
  const unused = Object.keys(permissions)
    .filter(isPermission)
    .filter(one => methodsNeeding(one).length === 0)
  expect(unused.toSorted()).toEqual(checkedWithTheObject.toSorted())
})
