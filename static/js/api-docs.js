// @ts-check
// The page to read and try the API: Swagger UI over the live document, as the person who is signed in.
const host = /** @type {HTMLElement} */ (document.getElementById("api-docs"));

/** @type {any} */ (window).SwaggerUIBundle({
  url: host.dataset.schema,
  domNode: host,
  deepLinking: true,
  docExpansion: "list",
  requestInterceptor: (/** @type {any} */ request) => {
    request.headers["X-CSRFToken"] = host.dataset.csrf;
    return request;
  },
});
