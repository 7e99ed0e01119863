import type { ClientInfo, Connection } from 'ssh2'
import type { Authentication } from '../../clients/authentication.ts'
import type { Visitor } from '../../store/session-ledger.ts'
import { callerTokenSource } from './caller.ts'
import { guardChannels } from './channel-guard.ts'
import { collectRequests } from './channel-request.ts'
import type { Admitted } from './connection-gate.ts'
import { disconnectForProtocolError } from './internals.ts'
import { type LoggedIn, signIn } from './login.ts'
import { guardProtocol } from './protocol-guard.ts'
import { type Guest, type RunDeps, runSession } from './run-session.ts'

export type ConnectionDeps = RunDeps & {
  readonly authentication: Authentication
  readonly maxChannelsPerConnection: number
}

const MAX_REFUSALS = 100

/** One client's connection, from its first packet to its last. */
export const serveConnection = (
  deps: ConnectionDeps,
  connection: Connection,
  info: ClientInfo,
  gate: Admitted,
): void => {
  const { log } = deps
  const sourceAddress = info.ip
  let guest: Guest | undefined
  let channels = 0
  let refusals = 0
  const refuse = (feature: string): void => {
    if (guest === undefined) return
    refusals += 1
    // Each is written down: whoever goes on asking would fill the trail.
    if (refusals > MAX_REFUSALS) return disconnectForProtocolError(connection)
    deps.ledger
      .featureRefused(guest.visitor, feature)
      .catch((error: unknown) => log.error({ err: error }, 'a refused feature could not be written down'))
  }
  // Without a listener an error of one connection would end the process, and every session in it.
  connection.on('error', () => disconnectForProtocolError(connection))
  deps.rekeying.watch(connection)
  guardChannels(connection)
  guardProtocol(connection, {
    mayOpenSession: () => channels < deps.maxChannelsPerConnection,
    onRefused: refuse,
    onViolation: message => log.warn({ sourceAddress, message }, 'a client spoke out of turn'),
  })
  const welcome = (loggedIn: LoggedIn): void => {
    const welcomed = guestOf(deps, loggedIn, sourceAddress)
    guest = welcomed
    gate.signedIn()
    logOutAtEnd(deps, connection, welcomed)
    connection.on('request', (_accept, reject, name) => {
      refuse(name.slice(0, 60))
      reject?.()
    })
    connection.on('session', accept => {
      channels += 1
      const session = accept()
      session.once('close', () => {
        channels -= 1
      })
      collectRequests(session, {
        onRefused: refuse,
        onRequest: request => void runSession(deps, welcomed, request),
      })
    })
  }
  const { authentication } = deps
  const onFirstFactor = gate.firstFactorProved
  // The client's first channel comes after it has heard of its success, so that none is missed.
  void signIn(connection, { authentication, sourceAddress, onFirstFactor, log }).then(welcome)
}

const guestOf = (
  { authentication, clock }: ConnectionDeps,
  { login, name }: LoggedIn,
  sourceAddress: string,
): Guest => {
  const { tenantId, userId, userName, loginSessionId } = login
  const visitor: Visitor = { tenantId, userId, userName, loginSessionId, sourceAddress }
  return {
    visitor,
    tokens: callerTokenSource(authentication, login, sourceAddress, clock),
    targetName: name.target,
  }
}

/** A login at this door is good for one connection. */
const logOutAtEnd = (deps: ConnectionDeps, connection: Connection, { tokens }: Guest): void => {
  connection.once('close', () => {
    tokens()
      .then(({ accessControl }) => deps.authentication.logOut(accessControl))
      .catch((error: unknown) => deps.log.warn({ err: error }, 'a login could not be ended'))
  })
}
