// @ts-check
// Requests to our own server: CSRF token, tab id, JSON both ways, errors that speak.
import { gettext } from "./i18n.js";

/** Tells this tab's own changes from those of others in the live stream. */
export const tabId = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");

/** A refusal of the server: `status`, and `code`, `message`, `details` of the error body. */
export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, message?: string, details?: any}} body
   * @param {string | null} [requestId]
   */
  constructor(status, body, requestId) {
    super(body.message || messageFor(status, requestId));
    this.status = status;
    this.code = body.code || "error";
    this.details = body.details ?? body;
  }
}

/**
 * What to say when the server did not say it itself.
 * @param {number} status 0 when no answer came
 * @param {string | null} [requestId]
 */
export function messageFor(status, requestId) {
  if (status === 0) return gettext("No connection to the server. Nothing was changed.");
  if (status === 401) return gettext("You are signed out. Sign in again to go on.");
  if (status === 403) return gettext("You do not have the right to do this.");
  if (status === 404) return gettext("This is gone, or it was never there.");
  if (status === 409 || status === 412) return gettext("Someone else was faster. Reload and try again.");
  if (status === 429) return gettext("Too many requests. Wait a moment and try again.");
  const text = gettext("Something went wrong on the server.");
  return requestId ? `${text} (${requestId})` : text;
}

export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}")["X-CSRFToken"] || "";
}

/**
 * The answer: parsed JSON, text, or null for an empty one. Raises HttpError for anything but success.
 * @param {string} url
 * @param {{method?: string, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 */
export async function request(url, { method = "POST", json, body, headers = {}, signal } = {}) {
  const response = await fetch(url, {
    method,
    body: json === undefined ? body : JSON.stringify(json),
    credentials: "same-origin",
    signal,
    headers: {
      Accept: "application/json",
      "X-CSRFToken": csrfToken(),
      "X-Tab-Id": tabId,
      ...(json !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
  }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new HttpError(0, {});
  });
  const text = await response.text();
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const answer = text && isJson ? JSON.parse(text) : text || null;
  if (!response.ok) throw new HttpError(response.status, isJson ? answer : {}, response.headers.get("X-Request-ID"));
  return answer;
}
