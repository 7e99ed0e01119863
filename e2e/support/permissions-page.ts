import { builtInRoles } from '@sallyport/access-control/domain/roles'
import { isPermission, type Permission, permissions } from '@sallyport/identity/permissions'
import { methodsNeeding } from './method-tables.ts'

const introduction = `# Permissions

A permission lets a user manage or see something. Roles are sets of permissions; a user has those of all their roles,
and an API token has those of its user that it was made with. **No permission reads a secret or opens a session**: that
takes an access group, its approvals, and a grant, for administrators as for everybody.

The service that owns an object checks the permission, at the RPCs in the last column; nothing else decides. What one
may not see is \`not_found\`. Nobody gives a role with a permission that they lack themselves.
`

const codes = (names: readonly string[]): string => names.map(name => `\`${name}\``).join(', ')

const all: readonly Permission[] = Object.keys(permissions).filter(isPermission)

const rightsTable = (): string[] => [
  '## The catalogue',
  '',
  '| permission | lets a user | needed by |',
  '|---|---|---|',
  ...all.map(
    one =>
      `| \`${one}\` | ${permissions[one]} | ${codes(methodsNeeding(one)) || 'checked with the object'} |`,
  ),
]

const rolesTable = (): string[] => [
  '## Built-in roles',
  '',
  'Every tenant has these. They can be neither changed nor deleted; others can be made beside them.',
  '',
  '| role | what it is for | permissions |',
  '|---|---|---|',
  ...Object.entries(builtInRoles).map(
    ([name, role]) => `| \`${name}\` | ${role.description} | ${codes(role.permissions) || 'none'} |`,
  ),
]

const othersTable = (): string[] => [
  '## Without a permission',
  '',
  'For every signed-in user. What one sees or may do depends on the object: it is one’s own, an access group names one',
  'as its approver, or a permission opens everybody’s.',
  '',
  ...methodsNeeding('signed-in').map(name => `- \`${name}\``),
  '',
  'Between services, known by their certificates; no user stands behind these calls.',
  '',
  ...methodsNeeding('service').map(name => `- \`${name}\``),
]

/** The text of docs/permissions.md, made of the catalogue, the built-in roles and every service’s table of RPCs. */
export const permissionsPage = (): string =>
  [introduction, ...rightsTable(), '', ...rolesTable(), '', ...othersTable(), ''].join('\n')
