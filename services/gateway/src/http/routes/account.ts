/** Signing in and out, and one’s own account. */
export const accountRoutes = {
  // signing in
  logIn: { url: 'POST /v1/login', to: [], needs: 'nothing', rate: 'login' },
  continueLogin: { url: 'POST /v1/login/continue', to: [], needs: 'nothing', rate: 'login' },
  logOut: { url: 'POST /v1/logout', to: ['access-control'], needs: 'sign-in', rate: 'write', urgent: true },
  listLoginSessions: {
    url: 'GET /v1/login-sessions',
    to: ['access-control'],
    needs: 'sign-in',
    rate: 'read',
  },
  endLoginSession: {
    url: 'DELETE /v1/login-sessions/:id',
    to: ['access-control'],
    needs: 'sign-in',
    rate: 'write',
    urgent: true,
  },

  // one's own account
  getMe: { url: 'GET /v1/me', to: ['access-control'], needs: 'sign-in', rate: 'read' },
  changePassword: { url: 'POST /v1/me/password', to: ['access-control'], needs: 'sign-in', rate: 'login' },
  listSshKeys: { url: 'GET /v1/me/ssh-keys', to: ['access-control'], needs: 'sign-in', rate: 'read' },
  addSshKey: { url: 'POST /v1/me/ssh-keys', to: ['access-control'], needs: 'sign-in', rate: 'write' },
  removeSshKey: {
    url: 'DELETE /v1/me/ssh-keys/:id',
    to: ['access-control'],
    needs: 'sign-in',
    rate: 'write',
  },
  listApiTokens: { url: 'GET /v1/api-tokens', to: ['access-control'], needs: 'sign-in', rate: 'read' },
  createApiToken: { url: 'POST /v1/api-tokens', to: ['access-control'], needs: 'sign-in', rate: 'secret' },
  revokeApiToken: {
    url: 'DELETE /v1/api-tokens/:id',
    to: ['access-control'],
    needs: 'sign-in',
    rate: 'write',
    urgent: true,
  },
} as const
