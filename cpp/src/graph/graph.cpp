#include "holdfast/graph.h"
