import { SallyportError } from '@sallyport/errors/error'
import type { Role } from '../generated/prisma/client.ts'
import type { Tx } from './store.ts'

export const findRole = async (tx: Tx, id: string): Promise<Role> => {
  const role = await tx.role.findUnique({ where: { id } })
  if (role === null) throw new SallyportError('role.not_found')
  return role
}

/** A role that people made, and may change. */
export const findOwnRole = async (tx: Tx, id: string): Promise<Role> => {
  const role = await findRole(tx, id)
  if (role.builtIn) throw new SallyportError('role.built_in')
  return role
}
