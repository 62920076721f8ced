#!/bin/sh
# Formats the storage where it is new, then becomes the broker. The variables are those of Kafka's own image.
set -eu
: "${KAFKA_ADVERTISED_LISTENERS:?expected where clients find the broker, as PLAINTEXT://seep-kafka:9092}"
: "${KAFKA_LOG_DIRS:=/var/lib/kafka/data}" "${KAFKA_HEAP_OPTS:=-Xms256m -Xmx512m}" "${CLUSTER_ID:=c2VlcC10cnktb3V0LTAwMA}"
cat >/tmp/server.properties <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://localhost:9093
advertised.listeners=$KAFKA_ADVERTISED_LISTENERS
controller.listener.names=CONTROLLER
log.dirs=$KAFKA_LOG_DIRS
auto.create.topics.enable=false
offsets.topic.replication.factor=1
# A group that is scaled to zero must not be forgotten before the messages that it has read are gone.
offsets.retention.minutes=43200
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
P
export CLASSPATH='/opt/kafka/libs/*'
options="$KAFKA_HEAP_OPTS -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties"
# shellcheck disable=SC2086  # several options in one variable
java $options kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config /tmp/server.properties
# shellcheck disable=SC2086
exec java $options kafka.Kafka /tmp/server.properties
