// SPDX-License-Identifier: MIT
// A client of the API as a front end has one: one way to send, one set of headers for all requests.

export class HttpError extends Error {
  constructor(status, body) {
    super(body?.message ?? `HTTP ${status}`);
    this.name = 'HttpError';
    this.status = status;
    this.body = body;
  }
}

export class ApiClient {
  constructor(baseUrl, send = fetch) {
    this.baseUrl = baseUrl;
    this.send = send;
    this.headers = { 'Content-Type': 'application/json' };
  }

  setAuthToken(token) {
    this.headers.Authorization = `Bearer ${token}`;
  }

  async makeRequest(path, method, data = null) {
    const response = await this.send(`${this.baseUrl}${path}`, {
      method,
      headers: this.headers,
      body: data ? JSON.stringify(data) : null,
    });
    const body = await response.json();
    if (!response.ok) throw new HttpError(response.status, body);
    return body;
  }

  createRepoAiApiKey(repoId, data) {
    return this.makeRequest(`/repo/${encodeURIComponent(repoId)}/ai/apikey`, 'POST', data);
  }

  getRepoAiApiKeys(repoId) {
    return this.makeRequest(`/repo/${encodeURIComponent(repoId)}/ai/apikey`, 'GET');
  }

  updateRepoAiApiKey(repoId, apikeyId, data) {
    return this.makeRequest(
      `/repo/${encodeURIComponent(repoId)}/ai/apikey/${encodeURIComponent(apikeyId)}`, 'PUT', data);
  }

  deleteRepoAiApiKey(repoId, apikeyId, query = '') {
    return this.makeRequest(
      `/repo/${encodeURIComponent(repoId)}/ai/apikey/${encodeURIComponent(apikeyId)}${query}`,
      'DELETE');
  }

  getSystemEvents(data = {}) {
    return this.makeRequest('/systemevent', 'POST', data);
  }
}
