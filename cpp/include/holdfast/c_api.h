/* Exported models from C, and from whatever language calls C: load, describe, predict, free.

   Contract:
   - A function that fails returns NULL or a code other than HOLDFAST_OK. holdfast_last_error() then
     says why, for the thread that called. No C++ exception leaves a function; nothing is printed.
   - A model may be used by many threads at once, without a lock; a predictor by one at a time.
   - Every object is freed once, by its own function, which takes NULL, too. A predictor or a result
     outlives its model without harm.
   - Names are UTF-8 and end with a zero byte. What a function returns belongs to the library, and
     lives as long as the object it was asked of.
   - Structs and functions are never changed within version 1 of this interface, only added to.

   Plain C99, or later. The symbols have the version HOLDFAST_C_1. */
#ifndef HOLDFAST_C_API_H_
#define HOLDFAST_C_API_H_

#include <stddef.h>
#include <stdint.h>

#include "holdfast/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of tensorflow/core/protobuf/error_codes.proto. */
typedef enum holdfast_code {
  HOLDFAST_OK = 0,
  HOLDFAST_CANCELLED = 1,
  HOLDFAST_UNKNOWN = 2,
  HOLDFAST_INVALID_ARGUMENT = 3,
  HOLDFAST_DEADLINE_EXCEEDED = 4,
  HOLDFAST_NOT_FOUND = 5,
  HOLDFAST_ALREADY_EXISTS = 6,
  HOLDFAST_PERMISSION_DENIED = 7,
  HOLDFAST_RESOURCE_EXHAUSTED = 8,
  HOLDFAST_FAILED_PRECONDITION = 9,
  HOLDFAST_ABORTED = 10,
  HOLDFAST_OUT_OF_RANGE = 11,
  HOLDFAST_UNIMPLEMENTED = 12,
  HOLDFAST_INTERNAL = 13,
  HOLDFAST_UNAVAILABLE = 14,
  HOLDFAST_DATA_LOSS = 15,
  HOLDFAST_UNAUTHENTICATED = 16
} holdfast_code;

/* The numbers of tensorflow/core/framework/types.proto. */
typedef enum holdfast_dtype {
  HOLDFAST_FLOAT32 = 1, /* float */
  HOLDFAST_FLOAT64 = 2, /* double */
  HOLDFAST_INT32 = 3,   /* int32_t */
  HOLDFAST_STRING = 7,  /* holdfast_string */
  HOLDFAST_INT64 = 9,   /* int64_t */
  HOLDFAST_BOOL = 10    /* uint8_t, 0 or 1 */
} holdfast_dtype;

typedef struct holdfast_model holdfast_model;         /* an export, loaded */
typedef struct holdfast_result holdfast_result;       /* the outputs of one call */
typedef struct holdfast_predictor holdfast_predictor; /* calls of one batch size, over and over */

/* Any bytes; `data` need not end with a zero byte where the caller passes it, and does where the
   library returns it. */
typedef struct holdfast_string {
  const char* data;
  size_t size;
} holdfast_string;

/* A named array, row-major; elements are of the type that stands beside the dtype. */
typedef struct holdfast_tensor {
  const char* name;
  holdfast_dtype dtype;
  int32_t rank;
  const int64_t* shape; /* `rank` sizes, outermost first; -1 in a description: any size */
  const void* data;     /* NULL in a description, and there alone */
} holdfast_tensor;

/* "major.minor.patch". */
HOLDFAST_API const char* holdfast_version(void);

/* Of the last function that failed in this thread; "" and HOLDFAST_OK before the first. The text
   stays until another function fails in this thread. */
HOLDFAST_API const char* holdfast_last_error(void);
HOLDFAST_API holdfast_code holdfast_last_error_code(void);

/* Loads an export, verifying every byte. `threads`: of one call on a large batch; 0: as many as the
   process may use; 1 where the process predicts from many threads of its own.
   NULL: HOLDFAST_NOT_FOUND, HOLDFAST_DATA_LOSS, ... */
HOLDFAST_API holdfast_model* holdfast_model_load(const char* directory, int threads);
HOLDFAST_API void holdfast_model_free(holdfast_model* model);

/* The names of the signatures, sorted, *count of them. */
HOLDFAST_API const char* const* holdfast_model_signatures(const holdfast_model* model,
                                                          size_t* count);
/* What a signature takes and returns, *count tensors without data; it may take none. `signature`
   NULL or "": "serving_default" where the model has it, else "predict", else the only one.
   NULL: HOLDFAST_NOT_FOUND, listing the names. */
HOLDFAST_API const holdfast_tensor* holdfast_model_inputs(const holdfast_model* model,
                                                          const char* signature, size_t* count);
HOLDFAST_API const holdfast_tensor* holdfast_model_outputs(const holdfast_model* model,
                                                           const char* signature, size_t* count);

/* Computes every output of a signature for a batch of any size, 0 included. `inputs`: `count`
   tensors, all of the signature, in any order. They are not needed any more once it returns.
   NULL: HOLDFAST_INVALID_ARGUMENT for a name, dtype or shape that does not fit, and for what the
   model itself checks. */
HOLDFAST_API holdfast_result* holdfast_model_predict(const holdfast_model* model,
                                                     const char* signature,
                                                     const holdfast_tensor* inputs, size_t count);
/* The outputs, in the order of holdfast_model_outputs. */
HOLDFAST_API const holdfast_tensor* holdfast_result_tensors(const holdfast_result* result,
                                                            size_t* count);
/* One output by its name. NULL: HOLDFAST_NOT_FOUND, listing the names. */
HOLDFAST_API const holdfast_tensor* holdfast_result_find(const holdfast_result* result,
                                                         const char* name);
HOLDFAST_API void holdfast_result_free(holdfast_result* result);

/* Plans calls of `batch` rows each, so that holdfast_predictor_run() allocates nothing. For
   signatures of numbers: HOLDFAST_UNIMPLEMENTED where an input is of strings. */
HOLDFAST_API holdfast_predictor* holdfast_predictor_new(const holdfast_model* model,
                                                        const char* signature, int64_t batch);
/* Where the caller writes an input, before any run; zeros at first. It stays where it is.
   NULL: HOLDFAST_NOT_FOUND, listing the names. */
HOLDFAST_API void* holdfast_predictor_input(holdfast_predictor* predictor, const char* name);
/* Computes the outputs. After an error they are of no use until the next run. */
HOLDFAST_API holdfast_code holdfast_predictor_run(holdfast_predictor* predictor);
/* Where the last run wrote an output of numbers. It stays where it is. NULL: HOLDFAST_NOT_FOUND,
   listing the names; HOLDFAST_UNIMPLEMENTED for an output of strings. */
HOLDFAST_API const void* holdfast_predictor_output(const holdfast_predictor* predictor,
                                                   const char* name);
HOLDFAST_API void holdfast_predictor_free(holdfast_predictor* predictor);

#ifdef __cplusplus
}
#endif

#endif /* HOLDFAST_C_API_H_ */
