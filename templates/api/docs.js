"use strict";

// No cookie goes with a try, so it needs no CSRF token; the key that is typed in is not kept.
SwaggerUIBundle({
  url: "{{ schema_url|escapejs }}",
  domNode: document.getElementById("api"),
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: (request) => ({ ...request, credentials: "omit" }),
});
