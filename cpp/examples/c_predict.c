/* Predicts one row from C: c_predict EXPORT_DIR NUMBER ...
   with a number for each input of the default signature, in the order of their names. */
#include <holdfast/c_api.h>
#include <stdio.h>
#include <stdlib.h>

enum { kMostInputs = 16, kMostDimensions = 4 };
static int complain(const char* what, const char* why, int exit_code) {
  const char* const parts[] = {"c_predict: ", what, ": ", why, "\n"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) fputs(parts[i], stderr);
  return exit_code;
}

static int fail(const char* what) { return complain(what, holdfast_last_error(), 1); }

/* Fills in what one row of numbers needs; returns whether they fit. */
static int make_row(const holdfast_tensor* described, size_t count, char** numbers,
                    holdfast_tensor* row, float* values, int64_t (*shapes)[kMostDimensions]) {
  for (size_t i = 0; i < count; ++i) {
    if (described[i].dtype != HOLDFAST_FLOAT32 || described[i].rank > kMostDimensions) return 0;
    for (int32_t d = 0; d < described[i].rank; ++d) shapes[i][d] = 1; /* one row of one number */
    values[i] = strtof(numbers[i], NULL);
    row[i] = described[i];
    row[i].shape = shapes[i];
    row[i].data = &values[i];
  }
  return 1;
}

static void print(const holdfast_tensor* tensor) {
  int64_t count = 1;
  for (int32_t d = 0; d < tensor->rank; ++d) count *= tensor->shape[d];
  printf("%s:", tensor->name);
  for (int64_t i = 0; i < count; ++i) {
    switch (tensor->dtype) {
      case HOLDFAST_FLOAT32:
        printf(" %.9g", (double)((const float*)tensor->data)[i]);
        break;
      case HOLDFAST_INT32:
        printf(" %d", (int)((const int32_t*)tensor->data)[i]);
        break;
      case HOLDFAST_INT64:
        printf(" %lld", (long long)((const int64_t*)tensor->data)[i]);
        break;
      case HOLDFAST_STRING:
        printf(" %s", ((const holdfast_string*)tensor->data)[i].data);
        break;
      default:
        printf(" ?");
    }
  }
  printf("\n");
}

int main(int argc, char** argv) {
  if (argc < 2) return complain("arguments", "expected EXPORT_DIR NUMBER ...", 2);
  holdfast_model* model = holdfast_model_load(argv[1], 1);
  if (model == NULL) return fail("load");
  size_t count = 0;
  const holdfast_tensor* inputs = holdfast_model_inputs(model, NULL, &count);
  if (inputs == NULL) return fail("inputs");
  holdfast_tensor row[kMostInputs];
  float values[kMostInputs];
  int64_t shapes[kMostInputs][kMostDimensions];
  if (count > kMostInputs || (size_t)argc != count + 2 ||
      !make_row(inputs, count, argv + 2, row, values, shapes)) {
    holdfast_model_free(model);
    return complain("arguments", "expected a number for each input of the export", 2);
  }

  holdfast_result* result = holdfast_model_predict(model, NULL, row, count);
  if (result == NULL) return fail("predict");
  const holdfast_tensor* outputs = holdfast_result_tensors(result, &count);
  for (size_t i = 0; i < count; ++i) print(&outputs[i]);

  holdfast_result_free(result);
  holdfast_model_free(model);
  return 0;
}
