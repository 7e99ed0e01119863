import { type Environment, type Reader, readConfig } from '@sallyport/config/reader'
import { type RoleKind, roleName } from '@sallyport/database/roles'
import { type SchemaName, schemaNames } from './schemas.ts'

type Passwords = Readonly<Record<RoleKind, string>>

export type MigrationConfig = {
  /** The database as each schema’s owner. */
  readonly ownerUrls: Readonly<Record<SchemaName, string>>
  /** Makes the roles first. Absent: somebody else has. */
  readonly roles?: {
    /** The database, as a role that may create roles and schemas. */
    readonly adminUrl: string
    readonly passwords: Readonly<Record<SchemaName, Passwords>>
  }
}

/** The variable that tells the database as one role of a schema. */
export const databaseVariable = (schema: SchemaName, kind: RoleKind): string =>
  `SALLYPORT_${schema.toUpperCase()}_${{ owner: 'OWNER_', app: '', worker: 'WORKER_' }[kind]}DATABASE_URL`

/** @throws ConfigError */
export const readMigrationConfig = (environment: Environment): MigrationConfig =>
  readConfig(environment, reader => {
    const ownerUrls = forEachSchema(schema => readUrl(reader, schema, 'owner'))
    const admin = 'SALLYPORT_ADMIN_DATABASE_URL'
    if (!environment[admin] && !environment[`${admin}_FILE`]) return { ownerUrls }
    return {
      ownerUrls,
      roles: {
        adminUrl: reader.secretText(admin),
        passwords: forEachSchema(schema => ({
          owner: passwordIn(reader, databaseVariable(schema, 'owner'), ownerUrls[schema]),
          app: passwordIn(reader, databaseVariable(schema, 'app'), readUrl(reader, schema, 'app')),
          worker: passwordIn(reader, databaseVariable(schema, 'worker'), readUrl(reader, schema, 'worker')),
        })),
      },
    }
  })

const forEachSchema = <T>(read: (schema: SchemaName) => T): Readonly<Record<SchemaName, T>> =>
  // One entry for each schema is made.
  Object.fromEntries(schemaNames.map(schema => [schema, read(schema)])) as Record<SchemaName, T>

const readUrl = (reader: Reader, schema: SchemaName, kind: RoleKind): string => {
  const name = databaseVariable(schema, kind)
  const url = reader.secretText(name)
  const role = roleName(schema, kind)
  if (url !== '' && (!URL.canParse(url) || new URL(url).username !== role))
    reader.complain(`${name} must be a URL with ${role} as its user`)
  return url
}

/** PostgreSQL prepares others (RFC 4013) before it compares them. */
const plain = /^[\x21-\x7e]{1,1024}$/

const passwordIn = (reader: Reader, name: string, url: string): string => {
  if (!URL.canParse(url)) return ''
  const password = decode(new URL(url).password)
  if (!plain.test(password)) reader.complain(`${name} must have a password of ASCII, without spaces`)
  return password
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
